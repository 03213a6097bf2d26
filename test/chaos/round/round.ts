import { setTimeout as wait } from 'node:timers/promises';
import { calm, fire, type Outcome, unmet } from '../faults/fire.ts';
import type { DeliveryCounts } from '../invariants/deliveries.ts';
import { endOf } from '../invariants/log.ts';
import type { ChaosRig } from '../rig/rig.ts';
import { fileWork, type Work } from '../rig/work.ts';
import { describeFault, type FaultClass } from '../schedule/fault.ts';
import type { Planned, Schedule } from '../schedule/plan.ts';
import type { Witnessed } from '../witness/chronicle.ts';
import type { Witness } from '../witness/witness.ts';
import { type Before, hold, lookBefore } from './hold.ts';
import { type Due, Moments } from './moments.ts';

/** Between two looks at the log. */
const LOOK_MS = 100;

/** A fault as it happened. */
export interface Happened {
  readonly class: FaultClass;
  /** What, and at which moment of the round. */
  readonly planned: string;
  /** ISO 8601; null for what never happened: its moment did not come, what it is for had ended, or nobody ran into it. */
  readonly at: string | null;
  readonly outcome: string;
}

export interface RoundResult {
  readonly seed: string;
  readonly round: number;
  readonly issues: number;
  readonly merged: number;
  readonly awaitingHuman: number;
  readonly seconds: number;
  /** From the end of the last fault to the end of the last issue; 0 where that was before. */
  readonly settledSeconds: number;
  readonly faults: readonly Happened[];
  readonly events: number;
  readonly deliveries: DeliveryCounts;
  /** Effects of the round that took more than one attempt. */
  readonly effectsTriedAgain: number;
  /** What did not hold; empty for a round that passed. */
  readonly violations: readonly string[];
}

export interface RoundOptions {
  readonly rig: ChaosRig;
  readonly witness: Witness;
  readonly schedule: Schedule;
  /** How long all issues may take to end after the last fault, in ms. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** One round: files issues, makes things go wrong at their moments, waits for the end, and holds everything against what must be. */
export class Round {
  readonly #options: RoundOptions;
  readonly #happened: Happened[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #streams = new Map<string, string>();
  #work: readonly Work[] = [];
  #waiting: readonly Planned[] = [];
  #lastFault = performance.now();

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** Rejects only when `signal` aborts, or the rig cannot be asked any more: what does not hold is in the result. */
  async run(): Promise<RoundResult> {
    const { rig, witness, schedule } = this.#options;
    const started = performance.now();
    await calm(rig);
    const before = await lookBefore(rig, witness);
    const filing = fileWork(rig.hands, rig.repositories, schedule, rig.patienceMs);
    const late = await this.#untilEnded(filing, before);
    const ended = performance.now();
    const faults = await this.#whatHappened();
    const held = await hold({ ...this.#options, before, work: this.#work, streams: this.#streams });
    const ends = [...this.#streams.values()].map((stream) => endOf(witness.chronicle.of(stream)));
    return {
      seed: schedule.seed,
      round: schedule.round,
      issues: schedule.issues,
      merged: ends.filter((end) => end === 'merged').length,
      awaitingHuman: ends.filter((end) => end === 'awaiting-human').length,
      seconds: (performance.now() - started) / 1000,
      settledSeconds: Math.max(0, ended - this.#lastFault) / 1000,
      faults,
      events: held.events,
      deliveries: held.deliveries,
      effectsTriedAgain: held.effectsTriedAgain,
      violations: [...late, ...held.violations],
    };
  }

  /** Stream of each issue of the round, by its name, as far as known. */
  get streams(): ReadonlyMap<string, string> {
    return this.#streams;
  }

  /** Looks at the log until every issue has ended and every fault is over. Answers a sentence when that takes too long. */
  async #untilEnded(filing: Promise<Work[]>, before: Before): Promise<string[]> {
    const { witness, schedule, patienceMs, signal } = this.#options;
    const moments = new Moments(schedule.faults);
    let filed = false;
    filing.then(
      (work) => {
        this.#work = work;
        filed = true;
      },
      () => {},
    );
    for (;;) {
      signal.throwIfAborted();
      const events = (await witness.look()).filter(({ stream }) => !before.streams.has(stream));
      for (const due of moments.take(events)) this.#start(due);
      this.#waiting = moments.waiting;
      if (filed && (await this.#allEnded())) return [];
      if (this.#running.size === 0 && performance.now() - this.#lastFault > patienceMs) {
        const when = `${patienceMs / 1000} s after the last fault`;
        return [filed ? `not every issue has ended ${when}` : `not every issue could be filed ${when}`];
      }
      await wait(LOOK_MS, undefined, { signal });
    }
  }

  /** Every fault of the schedule, those included that came to nothing. */
  async #whatHappened(): Promise<Happened[]> {
    const left = await unmet(this.#options.rig);
    const happened = this.#happened.map((one) =>
      left.includes(one.outcome) ? { ...one, at: null, outcome: 'nobody ran into it' } : one,
    );
    const waiting = this.#waiting.map((planned) => ({
      class: planned.fault.class,
      planned: describePlanned(planned),
      at: null,
      outcome: 'its moment never came',
    }));
    return [...happened, ...waiting];
  }

  #start({ planned: one, event }: Due): void {
    const { rig, signal, say } = this.#options;
    const { fault } = one;
    const planned = describePlanned(one);
    say(`  ${planned}`);
    const began = new Date().toISOString();
    const note = ({ happened, said }: Outcome) => {
      this.#lastFault = performance.now();
      this.#happened.push({ class: fault.class, planned, at: happened ? began : null, outcome: said });
    };
    const run = fire(rig, fault, event, signal).then(note, (error: Error) =>
      note({ happened: false, said: `it could not be done: ${error.message}` }),
    );
    this.#running.add(run);
    run.finally(() => this.#running.delete(run));
  }

  async #allEnded(): Promise<boolean> {
    if (this.#running.size > 0) return false;
    const { rig, witness } = this.#options;
    if (this.#streams.size < this.#work.length) await this.#findStreams(rig);
    const streams = [...this.#streams.values()];
    return streams.length === this.#work.length && streams.every((stream) => isOver(witness.chronicle.of(stream)));
  }

  async #findStreams({ db, hands }: ChaosRig): Promise<void> {
    const names = this.#work.map(({ name }) => name);
    const rows = await db.rows<{ id: string; name: string }>(
      `SELECT id, name FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = ANY($2)`,
      [hands.namespace, names],
    );
    for (const { id, name } of rows) this.#streams.set(name, id);
  }
}

const describePlanned = ({ fault, at }: Planned) => `${describeFault(fault)}, at ${at.event} ${at.nth}`;

/** Ended, in whatever way: a round does not wait for what will not come. */
function isOver(log: readonly Witnessed[]): boolean {
  return (
    endOf(log) !== 'open' ||
    /^ISSUE_(FAILED|CANCELLED)$/.test(log.findLast(({ type }) => type.startsWith('ISSUE_'))?.type ?? '')
  );
}
