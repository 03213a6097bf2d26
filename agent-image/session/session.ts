import { type ConductorCalls, ConductorError, type TaskCalls, type TaskRef, type TokenResponse } from '#lib/conductor';
import type { Logger } from '#lib/observe';
import { Stop } from '../failure.ts';
import type { Clock } from './clock.ts';

export interface SessionDeps {
  readonly conductor: ConductorCalls;
  readonly task: TaskRef;
  /** Reads the pod's token; called before each exchange. */
  readonly podToken: () => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted from outside, e.g. on SIGTERM, with a {@link Stop}. */
  readonly outside: AbortSignal;
}

/** A task's live claim as the runtime sees it: its tokens, its heartbeats, and the signal that ends it. */
export interface Session {
  readonly calls: TaskCalls;
  readonly conductorToken: () => string;
  readonly proxyToken: () => string;
  readonly egressToken: () => string;
  /** Aborted with a {@link Stop} when the claim is dead, cancelled, out of time, or the process is to end. */
  readonly signal: AbortSignal;
  /** Ms since the epoch by which the work must be over; a little before the conductor's own deadline. */
  readonly deadline: () => number;
  /** Sets the first deadline (RFC 3339) from the assignment. */
  extend(deadline: string): void;
  /** Asks at once whether the claim is live. */
  beat(): Promise<void>;
  close(): void;
}

const BEAT_MS = 30_000;
const RENEW_BEFORE_MS = 3 * BEAT_MS;
/** Left between the end of the work and the conductor's deadline, for the report. */
const REPORT_MS = 15_000;
const ENDED = new Set(['DeadFence', 'NotFound', 'Forbidden']);

/** Exchanges the pod's identity for the task's tokens, renews them, and sends a heartbeat every 30 s until closed. */
export async function openSession(deps: SessionDeps): Promise<Session> {
  const { conductor, task, clock, logger } = deps;
  const stop = new AbortController();
  let granted = await exchange(deps);
  let deadline = Number.POSITIVE_INFINITY;
  let cancelBeat = () => {};
  let cancelDeadline = () => {};
  const calls = conductor.forTask(task, () => granted.tokens.conductor);
  const extend = (at: string) => {
    const end = Date.parse(at) - REPORT_MS;
    if (Number.isNaN(end) || end === deadline) return;
    deadline = end;
    cancelDeadline();
    cancelDeadline = clock.after(Math.max(end - clock.now(), 0), () =>
      stop.abort(new Stop('Deadline', 'The task ran out of time.')),
    );
  };
  const beat = async () => {
    try {
      if (Date.parse(granted.expiresAt) - clock.now() < RENEW_BEFORE_MS) granted = await exchange(deps);
      const answer = await calls.heartbeat();
      extend(answer.deadline);
      if (answer.cancel) stop.abort(new Stop('Cancelled', 'The conductor asked this task to stop.'));
    } catch (error) {
      if (isEnded(error)) stop.abort(new Stop('DeadFence', (error as Error).message));
      else if (error instanceof ConductorError && error.code === 'Unauthenticated') granted = await exchange(deps);
      else throw error;
    }
  };
  const loop = () => {
    cancelBeat = clock.after(BEAT_MS, () => {
      beat()
        .catch((err) => logger.warn({ err }, 'heartbeat failed'))
        .finally(() => stop.signal.aborted || loop());
    });
  };
  loop();
  return {
    calls,
    conductorToken: () => granted.tokens.conductor,
    proxyToken: () => granted.tokens.proxy,
    egressToken: () => granted.tokens.egress,
    signal: AbortSignal.any([stop.signal, deps.outside]),
    deadline: () => deadline,
    extend,
    beat,
    close: () => {
      stop.abort(new Stop('Cancelled', 'The task has ended.'));
      cancelBeat();
      cancelDeadline();
    },
  };
}

async function exchange({ conductor, task, podToken }: SessionDeps): Promise<TokenResponse> {
  return conductor.exchange(await podToken(), task.namespace, task.task);
}

/** The claim has ended, or the conductor no longer knows it. */
function isEnded(error: unknown): boolean {
  return error instanceof ConductorError && ENDED.has(error.code);
}
