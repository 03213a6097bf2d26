import { setTimeout as delay } from 'node:timers/promises';
import { ConductorError, refusal } from './error.ts';
import type { EventView } from './schema.ts';

export interface ReaderOptions {
  /** Root of the conductor's API. */
  readonly url: string;
  /** The readers' token. */
  readonly token: string;
  readonly namespace: string;
  /** Only the events of this Issue. */
  readonly issue?: string;
  readonly fetch?: (request: Request) => Promise<Response> | Response;
}

export interface FollowOptions {
  /** Cursor of the last event that is known; from the beginning without it. */
  readonly after?: string;
  readonly signal: AbortSignal;
  /** Pause before a broken stream is taken up again, in ms. Default 500. */
  readonly retryMs?: number;
}

/** Events so far, oldest first, and the cursor to go on from. Throws ConductorError; `Unavailable` may be tried again. */
export async function readEvents(
  options: ReaderOptions,
  after?: string,
): Promise<{ events: EventView[]; after: string | undefined }> {
  const events: EventView[] = [];
  for (let cursor = after; ; ) {
    const response = await get(options, cursor, 'application/json');
    const page = (await response.json()) as { events: EventView[]; after: string };
    events.push(...page.events);
    // A page may hold nothing of this namespace and still move on.
    if (page.after === cursor || page.after === undefined) return { events, after: cursor };
    cursor = page.after;
  }
}

/**
 * Events as they happen, oldest first, each once: a broken stream is taken up behind the last event seen. Ends when `signal`
 * aborts. Throws ConductorError for what repeating does not help (a refused token, a bad cursor).
 */
export async function* followEvents(options: ReaderOptions, follow: FollowOptions): AsyncGenerator<EventView> {
  const { signal, retryMs = 500 } = follow;
  let cursor = follow.after;
  while (!signal.aborted) {
    try {
      const response = await get(options, cursor, 'text/event-stream', signal);
      for await (const event of parseStream(response)) {
        cursor = event.cursor;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      // An Issue that was only just created is not in the log yet.
      const passes = !(error instanceof ConductorError) || error.code === 'Unavailable' || error.code === 'NotFound';
      if (!passes) throw error;
    }
    await delay(retryMs, undefined, { signal }).catch(() => {});
  }
}

async function get(
  options: ReaderOptions,
  after: string | undefined,
  accept: string,
  signal?: AbortSignal,
): Promise<Response> {
  const { url, token, namespace, issue, fetch: send = fetch } = options;
  const target = new URL(`/v1/namespaces/${encodeURIComponent(namespace)}/events`, url);
  if (issue !== undefined) target.searchParams.set('issue', issue);
  if (after !== undefined) target.searchParams.set('after', after);
  const what = `GET ${target.pathname}`;
  const headers = { accept, authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await send(new Request(target, { headers, signal: signal ?? null }));
  } catch (cause) {
    throw new ConductorError('Unavailable', `${what}: the conductor at ${url} does not answer`, { cause });
  }
  if (response.ok) return response;
  throw refusal(what, response.status, await response.json().catch(() => undefined));
}

/** The `data` of a stream of server-sent events (WHATWG HTML 9.2); comments and other fields are passed over. */
async function* parseStream(response: Response): AsyncGenerator<EventView> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).replace(/^ /, ''));
      if (data.length > 0) yield JSON.parse(data.join('\n')) as EventView;
    }
  }
}
