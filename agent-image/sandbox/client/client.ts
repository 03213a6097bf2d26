import { dirname } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { Changes } from '../../socket/index.ts';
import {
  type AnswerTo,
  type Ask,
  type BundleAsk,
  CALLS,
  type CallName,
  MAX_ANSWER,
  parsed,
  Refusal,
} from '../protocol/index.ts';
import { exchange, failureOf, readAnswer } from './exchange.ts';
import { SandboxFailure, SandboxRefusal } from './failure.ts';

/**
 * What the runtime asks of the sandbox. Its answers are hostile input: bounded, checked, in time. Throws {@link SandboxRefusal} for
 * what cannot be done as asked, {@link SandboxFailure} where the sandbox breaks the protocol, and the signal's reason.
 */
export interface Sandbox {
  call<N extends CallName>(name: N, ask: Ask<N>, signal: AbortSignal): Promise<AnswerTo<N>>;
  /** The stream is to be bounded by whoever reads it; it ends with an error when its time is over. */
  bundle(ask: BundleAsk, signal: AbortSignal): Promise<Readable>;
}

export interface SandboxClientOptions {
  /** Path of the Unix socket, at most 103 bytes. */
  readonly socket: string;
  /** Scales every time limit of the protocol; default 1. */
  readonly patience?: number;
}

const BUNDLE_MS = 300_000;
/** A socket is there a moment before somebody listens on it, and not every file system tells of it. */
const LOOK_MS = 250;

export class SandboxClient implements Sandbox {
  readonly #socket: string;
  readonly #patience: number;

  constructor({ socket, patience = 1 }: SandboxClientOptions) {
    this.#socket = socket;
    this.#patience = patience;
  }

  /** Resolves to the worktree's folders once the sandbox listens and has laid it out; it may still be starting for `waitMs`. */
  async open(ask: Ask<'open'>, signal: AbortSignal, waitMs = 60_000): Promise<AnswerTo<'open'>> {
    const end = performance.now() + waitMs;
    const changes = new Changes(dirname(this.#socket));
    try {
      for (;;) {
        try {
          return await this.call('open', ask, signal);
        } catch (error) {
          const starting = error instanceof SandboxFailure && error.code === 'Unavailable';
          if (!starting || performance.now() >= end) throw error;
        }
        await changes.next(LOOK_MS, signal);
      }
    } finally {
      changes.close();
    }
  }

  async call<N extends CallName>(name: N, ask: Ask<N>, signal: AbortSignal): Promise<AnswerTo<N>> {
    const own = name === 'run' ? (ask as Ask<'run'>).seconds * 1_000 : 0;
    const timeoutMs = (CALLS[name].timeoutMs + own) * this.#patience;
    const answer = await this.#send(name, ask, timeoutMs, signal);
    const bytes = await readAnswer(answer, name, MAX_ANSWER, signal);
    return checked<AnswerTo<N>>(name, CALLS[name].answer, bytes);
  }

  async bundle(ask: BundleAsk, signal: AbortSignal): Promise<Readable> {
    const answer = await this.#send('bundle', ask, BUNDLE_MS * this.#patience, signal);
    const stream = new PassThrough();
    answer.on('error', (error) => stream.destroy(failureOf(error, 'bundle', signal) as Error));
    stream.on('close', () => answer.destroy());
    return answer.pipe(stream);
  }

  /** Resolves to an answer of status 200; a refusal is thrown. */
  async #send(call: string, ask: object, timeoutMs: number, signal: AbortSignal) {
    const body = JSON.stringify(ask);
    const answer = await exchange({ socket: this.#socket, call, body, timeoutMs, signal });
    if (answer.statusCode === 200) return answer;
    if (answer.statusCode === 422) {
      const refusal = checked<Refusal>(call, Refusal, await readAnswer(answer, call, 65_536, signal));
      throw new SandboxRefusal(refusal.reason === 'GitFailed' ? 'GitFailed' : 'SandboxFailed', call, refusal.detail);
    }
    answer.destroy();
    throw new SandboxFailure('Malformed', call, `answered with status ${answer.statusCode}`);
  }
}

function checked<T>(call: string, schema: Parameters<typeof parsed>[0], bytes: Buffer): T {
  try {
    return parsed<T>(schema, bytes);
  } catch (cause) {
    throw new SandboxFailure('Malformed', call, `gave a wrong answer: ${(cause as Error).message}`);
  }
}
