import { setTimeout as delay } from 'node:timers/promises';
import { ConductorError } from './error.ts';
import { read } from './read.ts';
import type { EventView } from './schema.ts';

export interface ReaderOptions {
  /** Root of the conductor's API. */
  readonly url: string;
  /** The readers' token. */
  readonly token: string;
  readonly namespace: string;
  /** Only the events of this Issue. */
  readonly issue?: string;
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response> | Response;
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
 * Events as they happen, each once, those of a stream in its order: a broken stream is taken up where the conductor says. Ends when `signal`
 * aborts. Throws ConductorError for what repeating does not help (a refused token, a bad cursor).
 */
export async function* followEvents(options: ReaderOptions, follow: FollowOptions): AsyncGenerator<EventView> {
  const { signal, retryMs = 500 } = follow;
  let cursor = follow.after;
  /** Version of the last event of each stream: what is resumed behind may lie before what was seen. */
  const known = new Map<string, number>();
  while (!signal.aborted) {
    try {
      const response = await get(options, cursor, 'text/event-stream', signal);
      for await (const { id, event } of parseStream(response, signal)) {
        cursor = id;
        if (event.version <= (known.get(event.stream) ?? 0)) continue;
        known.set(event.stream, event.version);
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

function get(
  reader: ReaderOptions,
  after: string | undefined,
  accept: string,
  signal?: AbortSignal,
): Promise<Response> {
  return read(reader, { path: 'events', query: { issue: reader.issue, after }, accept, signal });
}

/**
 * The `data` and `id` of a stream of server-sent events (WHATWG HTML 9.2); comments and other fields are passed over. Ends at once when
 * `signal` aborts: fetch alone was seen to go on waiting, since it holds the signal weakly.
 */
async function* parseStream(response: Response, signal: AbortSignal): AsyncGenerator<Told> {
  const reader = response.body?.getReader();
  const cancel = () => void reader?.cancel().catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  const decoder = new TextDecoder();
  let rest = '';
  try {
    while (reader && !signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      yield* blocks.flatMap(dataOf);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** An event, and the place behind which the stream is to be taken up after it. */
interface Told {
  readonly id: string;
  readonly event: EventView;
}

function dataOf(block: string): Told[] {
  const of = (field: string) =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${field}:`))
      .map((line) => line.slice(field.length + 1).replace(/^ /, ''));
  const data = of('data');
  if (data.length === 0) return [];
  const event = JSON.parse(data.join('\n')) as EventView;
  return [{ id: of('id').at(-1) ?? event.cursor, event }];
}
