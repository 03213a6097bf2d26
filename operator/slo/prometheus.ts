import type { Sample } from '#domain';
import { HttpError, readBounded } from '#lib/http';
import { readSample, refused } from './sample.ts';

/** One sample with all its labels is far below this. */
const MOST_BYTES = 256 * 1_024;
/** Prometheus is told to give a query up before we do. */
const PATIENCE_MS = 5_000;

/** A question about one moment. */
export interface Question {
  /** Base URL of the HTTP API, with its path prefix. */
  readonly url: string;
  readonly query: string;
  /** In ms. */
  readonly at: number;
}

/** Answers one question. Never throws. */
export type Ask = (question: Question, signal?: AbortSignal) => Promise<Sample>;

/**
 * Asks the HTTP API of a Prometheus for one number. Follows no redirect, sends no credential, reads a bounded answer within five seconds, and says
 * of what went wrong only what kind it was.
 */
export const askPrometheus: Ask = async ({ url, query, at }, signal) => {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const ends = signal === undefined ? late : AbortSignal.any([signal, late]);
  // A limit keeps an answer of many series small; older servers ignore it.
  const form = new URLSearchParams({
    query,
    time: String(at / 1_000),
    timeout: `${PATIENCE_MS - 1_000}ms`,
    limit: '2',
  });
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/query`, {
      method: 'POST',
      body: form,
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: ends,
    });
    return await answerOf(response, at);
  } catch (error) {
    if (late.aborted) return refused('Unreachable', `Prometheus did not answer within ${PATIENCE_MS / 1_000} s.`);
    if (error instanceof HttpError) return refused('Unreadable', 'the answer is larger than any number is.');
    return refused('Unreachable', 'Prometheus cannot be reached.');
  }
};

/** Errors of a query come as 400, 422 and 503 with a body that says so; anything else that is no success is not read. */
async function answerOf(response: Response, at: number): Promise<Sample> {
  const { status, headers, body } = response;
  const json = headers.get('content-type')?.startsWith('application/json') === true;
  if (json && (status === 200 || status === 400 || status === 422 || status === 503)) {
    const sample = readSample((await bounded(response)).toString('utf8'), at);
    return status === 200 || !sample.known ? sample : refused('Unreadable', `it was answered with status ${status}.`);
  }
  await body?.cancel().catch(() => {});
  if (status >= 300 && status < 400) return refused('Unreadable', 'the URL leads elsewhere, which is not followed.');
  return refused('Unreadable', `it was answered with status ${status}${json ? '' : ' and not as JSON'}.`);
}

/** The helper reads bodies of requests and looks at nothing else of one. */
function bounded({ body, headers }: Response): Promise<Buffer> {
  return readBounded({ body, headers } as unknown as Request, MOST_BYTES);
}
