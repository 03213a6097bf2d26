import { decideReminder, type IssueState, type Notice, noticeOf, openGate, streamOf } from '#domain';
import type { Logger } from '#lib/observe';
import type { Standing } from '../audit/mark.ts';
import { Looking } from '../store/looking.ts';
import type { SubjectName } from '../store/project.ts';
import type { Channel } from './channel.ts';
import { Lane } from './lane.ts';
import { type NoticeRow, noticeKey, readNotices } from './rows.ts';
import type { Sink } from './sinks.ts';
import { isCurrent, Teller, type TellerOptions } from './teller.ts';

export interface EscalationsOptions extends TellerOptions {
  readonly leader: { readonly epoch: number; readonly upSince: number };
  readonly mark: Standing;
  readonly sinks: { read(): Promise<readonly Sink[]>; readonly problem: string | null };
  readonly channel: (sink: Sink) => Channel;
  /** The page of an issue at its forge, where it has one. */
  readonly urlOf: (subject: SubjectName, state: IssueState) => string | null;
  /** Told once of each gate of which some sink could not be told for five minutes. */
  readonly onUntold: (subject: SubjectName, why: string) => void;
  readonly now: () => number;
  readonly logger: Logger;
}

interface Open {
  readonly subject: SubjectName;
  readonly state: IssueState;
}

/** A notice that a sink is to have taken in the end. */
interface Wanted extends Open {
  readonly lane: Lane;
  readonly notice: Notice;
  readonly key: string;
}

/** How long after the beginning of an attempt nobody knows of its end. Longer than a channel takes. */
export const WINDOW_MS = 30_000;
const LOOK_MS = 2_000;
const UNTOLD_MS = 5 * 60_000;
const CAUSE = { actor: { kind: 'controller', name: 'escalation' } } as const;

/**
 * Tells people, wherever the sinks lead, which issues wait for them, and reminds them of it. Which notice an issue calls for follows from
 * its log; which sink has taken it is in the table of effects. So every sink takes every notice once, whatever dies in between, but for one
 * whose answer was lost: that is sent again, under the same id. Runs on the leader; nothing waits for it.
 */
export class Escalations {
  readonly #options: EscalationsOptions;
  readonly #teller: Teller;
  readonly #open = new Map<string, Open>();
  readonly #lanes = new Map<string, Lane>();
  /** Keys of what needs no telling any more. */
  readonly #settled = new Set<string>();
  readonly #warned = new Set<string>();
  readonly #looking: Looking;
  #signal: AbortSignal = AbortSignal.abort();
  /** Whether the table may hold notices that were begun and are no longer called for. */
  #leftovers = true;

  constructor(options: EscalationsOptions) {
    this.#options = options;
    this.#teller = new Teller(options);
    this.#looking = new Looking({
      everyMs: LOOK_MS,
      look: () => this.look().then(() => false),
      failed: 'what people are to be told could not be looked at',
      logger: options.logger,
    });
  }

  /** How an issue stands: told whenever its log grew, and whenever it was looked at. A process that does not lead forgets it at once. */
  see(subject: SubjectName, state: IssueState): void {
    if (this.#signal.aborted) return;
    const known = this.#open.get(subject.id);
    if (known !== undefined && known.state.version > state.version) return;
    const gate = openGate(state);
    if (gate === null) {
      this.#open.delete(subject.id);
      return;
    }
    this.#open.set(subject.id, { subject, state });
    if (known?.state.awaiting?.gate !== gate.gate) this.#looking.kick();
  }

  /** Looks every two seconds until the signal aborts. Call it before the first look at an issue: from here on it sees. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#open.clear();
    this.#lanes.clear();
    this.#settled.clear();
    this.#leftovers = true;
    this.#signal = signal;
    this.#looking.start(signal);
  }

  /** Resolves when nothing is asked of the database or a sink any more. */
  async idle(): Promise<void> {
    await this.#looking.idle();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()));
  }

  /** One look: reminds of what is due, and begins to tell each sink what it has not been told. */
  async look(): Promise<void> {
    const { mark, sinks, leader } = this.#options;
    if (mark.behind() !== null || leader.epoch <= 0) return;
    this.#direct(await sinks.read());
    for (const open of [...this.#open.values()]) await this.#remind(open);
    const wanted = this.#wanted();
    const rows = await this.#read(wanted);
    for (const lane of this.#lanes.values()) this.#serve(lane, wanted, rows);
    if (sinks.problem !== null) for (const open of this.#open.values()) this.#warn(open, sinks.problem);
    await this.#settleLeft(wanted, rows);
  }

  /** One lane for each sink; one that leads elsewhere now is tried at once. */
  #direct(sinks: readonly Sink[]): void {
    for (const [name, { sink }] of this.#lanes) {
      if (sinks.some((one) => sameTarget(one, sink))) continue;
      this.#lanes.delete(name);
      this.#measure(name, 0, 0);
    }
    for (const sink of sinks) if (!this.#lanes.has(sink.name)) this.#lanes.set(sink.name, this.#laneTo(sink));
  }

  #laneTo(sink: Sink): Lane {
    const { channel, now, logger } = this.#options;
    return new Lane({
      sink,
      channel: channel(sink),
      now,
      tell: (lane, notice, signal) => this.#tell(lane, notice, signal),
      onFailed: ({ failure: why }, { namespace, issue }) =>
        logger.warn({ sink: sink.name, namespace, issue, why }, 'a sink did not take a notice'),
    });
  }

  /** Nobody is reminded where there is nobody to be told. */
  async #remind({ subject, state }: Open): Promise<void> {
    const { log, leader, now } = this.#options;
    if (![...this.#lanes.values()].some((lane) => lane.hears(subject.namespace))) return;
    const decide = (newest: IssueState) => decideReminder(newest, { now: now(), upSince: leader.upSince });
    if (decide(state).length === 0) return;
    const reminded = await log.append(subject, CAUSE, decide);
    this.see(subject, reminded.state);
  }

  #wanted(): Wanted[] {
    const lanes = [...this.#lanes.values()];
    return [...this.#open.values()].flatMap(({ subject, state }) => {
      const notice = noticeOf(subject, state, this.#options.urlOf(subject, state));
      if (notice === null) return [];
      return lanes
        .filter((lane) => lane.hears(subject.namespace))
        .map((lane) => ({ subject, state, lane, notice, key: noticeKey(lane.sink.name, notice.id) }));
    });
  }

  /** The rows of what may still have to be told, and of what was begun and is open. What has an outcome is not asked for again. */
  async #read(wanted: readonly Wanted[]): Promise<Map<string, NoticeRow>> {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const key of this.#settled) if (!keys.has(key)) this.#settled.delete(key);
    const asked = [...keys].filter((key) => !this.#settled.has(key));
    if (asked.length === 0 && !this.#leftovers) return new Map();
    const rows = await readNotices(this.#options.log.pool, asked);
    for (const { key, state } of rows) if (state === 'succeeded' || state === 'failed') this.#settled.add(key);
    return new Map(rows.map((row) => [row.key, row]));
  }

  /** Those that were tried least first, so that one which a sink never takes holds up no other; then the oldest. */
  #serve(lane: Lane, wanted: readonly Wanted[], rows: ReadonlyMap<string, NoticeRow>): void {
    const now = this.#options.now();
    const untold = wanted.filter((one) => one.lane === lane && !this.#settled.has(one.key));
    this.#measure(lane.sink.name, untold.length, now - Math.min(now, ...untold.map(({ state }) => toldSince(state))));
    if (lane.failure !== null) for (const one of untold) this.#warn(one, lane.failure);
    const attempts = ({ key }: Wanted) => rows.get(key)?.attempt ?? 0;
    const due = untold
      .filter(({ key }) => !isUnknown(rows.get(key), now))
      .sort((a, b) => attempts(a) - attempts(b) || a.notice.since - b.notice.since);
    lane.serve(
      due.map(({ notice }) => notice),
      this.#signal,
    );
  }

  #measure(sink: string, waiting: number, lagMs: number): void {
    const { metrics } = this.#options;
    metrics.set('rig_notices_waiting', { sink }, waiting);
    metrics.set('rig_notice_lag_seconds', { sink }, lagMs / 1_000);
  }

  #warn({ subject, state }: Open, why: string): void {
    const gate = `${subject.id}@${state.awaiting?.gate}`;
    if (this.#options.now() - toldSince(state) < UNTOLD_MS || this.#warned.has(gate)) return;
    if (this.#warned.size > 10_000) this.#warned.clear();
    this.#warned.add(gate);
    this.#options.onUntold(subject, why);
  }

  async #tell(lane: Lane, notice: Notice, signal: AbortSignal): Promise<void> {
    const stream = streamOf(notice.id);
    const state = this.#open.get(stream)?.state;
    if (state === undefined || !isCurrent(stream, state, notice.id)) return;
    await this.#teller.tell(lane, stream, notice, signal);
    this.#settled.add(noticeKey(lane.sink.name, notice.id));
  }

  async #settleLeft(wanted: readonly Wanted[], rows: ReadonlyMap<string, NoticeRow>): Promise<void> {
    const called = new Set(wanted.map(({ key }) => key));
    const told = new Set([...this.#lanes.values()].map((lane) => noticeKey(lane.sink.name, lane.telling ?? '')));
    const open = [...rows.values()].filter(({ state }) => state === 'planned' || state === 'started');
    this.#leftovers = open.length > 0 || this.#lanes.size > 0;
    const sinks = new Set(this.#lanes.keys());
    for (const row of open) if (!called.has(row.key) && !told.has(row.key)) await this.#teller.settle(row, sinks);
  }
}

/** When people were last told, or should have been. */
function toldSince({ awaiting }: IssueState): number {
  return awaiting?.reminded?.at ?? awaiting?.since ?? 0;
}

/** Whether somebody may still be at an attempt that has begun. */
function isUnknown(row: NoticeRow | undefined, now: number): boolean {
  return row?.state === 'started' && (row.startedAt ?? 0) + WINDOW_MS > now;
}

function sameTarget(one: Sink, other: Sink): boolean {
  const text = ({ secret, ...rest }: Sink) => JSON.stringify({ ...rest, secret: secret?.toString('base64') });
  return text(one) === text(other);
}
