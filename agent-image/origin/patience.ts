import { setTimeout as delay } from 'node:timers/promises';
import { GitFailure } from '../git/index.ts';

/** The gateway is away or restarting; nothing was decided about the request. A refusal never reads like this. */
const AWAY =
  /failed to connect|couldn't connect|could not connect|connection refused|connection reset|broken pipe|empty reply|(?:recv|send) failure|transfer closed|expected flush|returned error: 50[0234]|early eof|unexpected disconnect/i;

/** Milliseconds before each further try: about a minute in all, which is how long a conductor takes to come back. */
const WAITS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** Default really waits; ends early, with the signal's reason, when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Runs `once`, and again while git says that the gateway is away. Only for what is safe to repeat: fetches, and pushes of one exact head. */
export async function patiently<T>(once: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const wait = options.wait ?? ((ms, signal) => delay(ms, undefined, { signal }));
  for (const ms of WAITS) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof GitFailure) || !AWAY.test(error.stderr)) throw error;
    }
    await wait(ms, options.signal);
  }
  return once();
}
