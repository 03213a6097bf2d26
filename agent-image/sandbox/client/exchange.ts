import { type IncomingMessage, request } from 'node:http';
import { SandboxFailure } from './failure.ts';

export interface Exchange {
  readonly socket: string;
  readonly call: string;
  readonly body: string;
  /** For the whole exchange; a streamed answer has to be read in it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends one request on a connection of its own and resolves to the head of the answer. The connection is cut when the time is over
 * or the signal aborts, also in the middle of the answer: nothing that the sandbox does or leaves undone holds the caller.
 */
export function exchange({ socket, call, body, timeoutMs, signal }: Exchange): Promise<IncomingMessage> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const sent = request({
      socketPath: socket,
      method: 'POST',
      path: `/v1/${call}`,
      agent: false,
      maxHeaderSize: 8_192,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close' },
    });
    let answer: IncomingMessage | undefined;
    const cut = (why: Error) => (answer ?? sent).destroy(why);
    const abort = () => cut(signal.reason as Error);
    const timer = setTimeout(() => cut(timedOut(call, timeoutMs)), timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    sent.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    });
    sent.once('response', (received) => {
      answer = received;
      resolve(received);
    });
    sent.on('error', (error) => reject(failureOf(error, call, signal)));
    sent.end(body);
  });
}

/** The whole answer, at most `limit` bytes of it. */
export async function readAnswer(
  answer: IncomingMessage,
  call: string,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw new SandboxFailure('TooLarge', call, `answered with more than ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw failureOf(error, call, signal);
  }
  return Buffer.concat(chunks, size);
}

function timedOut(call: string, timeoutMs: number): SandboxFailure {
  return new SandboxFailure('Timeout', call, `gave no whole answer within ${Math.ceil(timeoutMs / 1_000)} s`);
}

export function failureOf(error: unknown, call: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof SandboxFailure) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK' || code === 'EACCES')
    return new SandboxFailure('Unavailable', call, 'cannot be reached', error);
  if (code.startsWith('HPE_')) return new SandboxFailure('Malformed', call, 'does not speak HTTP', error);
  return new SandboxFailure('Lost', call, 'closed the connection before its answer was whole', error);
}
