import type { DomainEvent } from '#domain';
import { advanceEpoch, type Clock, Effects, systemClock } from '#lib/events';
import { createMetrics, type MetricsRegistry, silentLogger } from '#lib/observe';
import type { IssueLog } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import { cause, type LogWorld, openLog } from '../store/store.int-kit.ts';
import { channelOf } from './channel.ts';
import { Escalations, WINDOW_MS } from './escalations.ts';
import type { Sink } from './sinks.ts';

export const MINUTE = 60_000;

/** A database whose clock, and with it the conductors', stands still where the test put it. */
export interface EscalationWorld extends LogWorld {
  readonly now: () => number;
  later(ms: number): Promise<void>;
  /** A conductor that leads from now on, as a process of its own: nothing is known to it but what the database has. */
  lead(sinks: readonly Sink[], over?: Leading): Promise<Leader>;
}

interface Leading {
  readonly timeoutMs?: number;
  readonly upSince?: number;
  readonly problem?: string;
}

export interface Leader {
  readonly escalations: Escalations;
  readonly log: IssueLog;
  readonly metrics: MetricsRegistry;
  readonly untold: string[];
  readonly warnings: string[];
  /** Sees the issue as it is now, as a reconcile does, looks once, and waits until every sink has been told what it takes. */
  look(...subjects: SubjectName[]): Promise<void>;
  /** As the end of leadership. */
  end(): Promise<void>;
}

export async function escalationWorld(t: { after(fn: () => unknown): void }): Promise<EscalationWorld> {
  const world = await openLog(t as never, 20);
  let at = Date.now();
  const now = () => at;
  await world.pool.query('CREATE TABLE clock (at timestamptz NOT NULL)');
  await world.pool.query('INSERT INTO clock VALUES ($1)', [new Date(at)]);
  await world.pool.query("CREATE FUNCTION told() RETURNS timestamptz LANGUAGE sql AS 'SELECT at FROM clock'");
  await world.pool.query('ALTER TABLE events ALTER COLUMN at SET DEFAULT told()');
  const later = async (ms: number) => {
    at += ms;
    await world.pool.query('UPDATE clock SET at = $1', [new Date(at)]);
  };
  const lead = async (sinks: readonly Sink[], over: Leading = {}) => {
    const leader = await leadWith(world, now, sinks, over);
    t.after(leader.end);
    return leader;
  };
  return { ...world, now, later, lead };
}

async function leadWith(world: LogWorld, now: () => number, sinks: readonly Sink[], over: Leading): Promise<Leader> {
  const log = world.another();
  const epoch = await advanceEpoch(world.pool, `leader-${Math.random()}`);
  const clock: Clock = { now, sleep: (ms) => (ms > LOCK_MS ? forever() : systemClock.sleep(ms)) };
  const untold: string[] = [];
  const warnings: string[] = [];
  const metrics = await createMetrics('operator');
  const { timeoutMs = 2_000, upSince = 0, problem = null } = over;
  const escalations = new Escalations({
    log,
    effects: new Effects({ db: world.pool, clock, windowMs: WINDOW_MS }),
    leader: { epoch, upSince },
    mark: { behind: () => null },
    metrics,
    sinks: { read: async () => sinks, problem },
    channel: (sink) => channelOf(sink, { now, timeoutMs }),
    urlOf: () => 'https://forge.example/acme/widgets/issues/12',
    onUntold: ({ name }, why) => void untold.push(`${name}: ${why}`),
    now,
    logger: {
      ...silentLogger,
      warn: (data: unknown) => void warnings.push(JSON.stringify(data, errors)),
    } as typeof silentLogger,
  });
  const leading = new AbortController();
  escalations.start(leading.signal);
  return {
    escalations,
    log,
    metrics,
    untold,
    warnings,
    look: async (...subjects) => {
      for (const subject of subjects) escalations.see(subject, await log.load(subject));
      await escalations.idle();
      await escalations.look();
      await escalations.idle();
    },
    end: async () => {
      leading.abort();
      await escalations.idle();
    },
  };
}

/** What waits for a session of the database to end. */
const LOCK_MS = 50;

/** The clock stands still: what waits for more waits for good. */
function forever(): Promise<never> {
  return Promise.reject(new Error('A sink is waited for.'));
}

/** Errors as a logger writes them, whole. */
function errors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { ...value, message: value.message, stack: value.stack, cause: value.cause } : value;
}

/** The issue asks for a person. */
export function ask(world: Pick<LogWorld, 'log'>, subject: SubjectName, message = 'Which of the two?') {
  return tell(world, subject, { type: 'HUMAN_GATE_TRIGGERED', data: { reason: 'AskedForPerson', message } });
}

export async function tell(world: Pick<LogWorld, 'log'>, subject: SubjectName, event: DomainEvent) {
  return world.log.append(subject, cause, () => [event]);
}
