import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { EventView } from '#lib/conductor';
import type { Queryable } from '#lib/db';
import {
  type Cursor,
  type EventStore,
  formatCursor,
  parseCursor,
  readSubject,
  START,
  type StoredEvent,
  type Subject,
} from '#lib/events';
import { HttpError } from '#lib/http';
import { isName } from './names.ts';

const PAGE = 500;
const POLL_MS = 250;
const KEEP_ALIVE_MS = 15_000;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** The log as readers see it: pages of history, or a live stream that can be resumed. */
export class History {
  readonly #store: EventStore;
  readonly #db: Queryable;
  readonly #subjects = new Map<string, Subject>();

  constructor(store: EventStore, db: Queryable) {
    this.#store = store;
    this.#db = db;
  }

  /**
   * GET …/events?issue=&stream=&after=&limit=: oldest first. With `Accept: text/event-stream` it goes on live; each event's id is a place that misses
   * nothing when Last-Event-ID resumes behind it: its cursor, or the beginning of its page where the page's order is not the log's.
   */
  async serve(context: Context, namespace: string): Promise<Response> {
    const stream = await this.#streamOf(context, namespace);
    const after = cursorOf(context.req.header('last-event-id') ?? context.req.query('after'));
    if (context.req.header('accept')?.includes('text/event-stream') === true)
      return this.#live(context, namespace, stream, after);
    const limit = limitOf(context.req.query('limit'));
    if (stream !== undefined) {
      const events = following(await this.#store.read(stream), after).slice(0, limit);
      const views = await this.#views(events, namespace);
      return context.json({ events: views, after: views.at(-1)?.cursor ?? formatCursor(after) });
    }
    const page = await this.#store.readAll({ afterCursor: after, limit });
    return context.json({ events: await this.#views(page.events, namespace), after: formatCursor(page.cursor) });
  }

  #live(context: Context, namespace: string, stream: string | undefined, from: Cursor): Response {
    return streamSSE(context, async (sse) => {
      let cursor = from;
      let quietSince = Date.now();
      while (!sse.aborted && !sse.closed) {
        const page = await this.#store.readAll({ afterCursor: cursor, limit: PAGE });
        const wanted = page.events.filter((event) => stream === undefined || event.stream === stream);
        const views = await this.#views(wanted, namespace);
        // Where a stream's order is not the log's, only the page as a whole can be resumed behind.
        const ordered = page.events.every((event, at) => at === 0 || isAfter(event, page.events[at - 1]!));
        for (const [at, view] of views.entries()) {
          const id = ordered ? view.cursor : formatCursor(at === views.length - 1 ? page.cursor : cursor);
          await sse.writeSSE({ id, event: view.type, data: JSON.stringify(view) });
          quietSince = Date.now();
        }
        cursor = page.cursor;
        if (!page.end) continue;
        if (Date.now() - quietSince > KEEP_ALIVE_MS) {
          await sse.write(': still here\n\n');
          quietSince = Date.now();
        }
        await this.#grown();
      }
    });
  }

  /** Resolves when this process appended, or after the time in which another may have. */
  #grown(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        forget();
        resolve();
      };
      const timer = setTimeout(done, POLL_MS);
      const forget = this.#store.onAppended(done);
    });
  }

  async #streamOf(context: Context, namespace: string): Promise<string | undefined> {
    const stream = context.req.query('stream');
    if (stream !== undefined && !UUID.test(stream))
      throw new HttpError('BadRequest', 'BadStream', 'stream is not a subject id.');
    const issue = context.req.query('issue');
    if (issue === undefined) return stream;
    const { rows } = !isName(issue)
      ? { rows: [] }
      : await this.#db.query(
          `SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 ORDER BY created_at DESC LIMIT 1`,
          [namespace, issue],
        );
    if (rows[0] === undefined)
      throw new HttpError('NotFound', 'IssueMissing', `No Issue ${issue} has ever been in ${namespace}.`);
    return rows[0].id;
  }

  async #views(events: readonly StoredEvent[], namespace: string): Promise<EventView[]> {
    const views: EventView[] = [];
    for (const event of events) {
      const subject = await this.#subject(event.stream);
      if (subject?.namespace !== namespace) continue;
      views.push({
        cursor: formatCursor(event),
        stream: event.stream,
        subject: { kind: subject.kind, namespace: subject.namespace, name: subject.name },
        version: event.version,
        type: event.type,
        data: event.data,
        meta: event.meta,
        at: new Date(event.at).toISOString(),
      });
    }
    return views;
  }

  /** Undefined for one that was exported and deleted since its event was read: it is in no namespace any more. */
  async #subject(id: string): Promise<Subject | undefined> {
    const known = this.#subjects.get(id) ?? (await readSubject(this.#db, id));
    if (known === undefined) return undefined;
    if (this.#subjects.size > 10_000) this.#subjects.clear();
    this.#subjects.set(id, known);
    return known;
  }
}

function cursorOf(text: string | undefined): Cursor {
  if (text === undefined || text === '') return START;
  const cursor = parseCursor(text);
  if (cursor === undefined || cursor.txid >= 2n ** 64n)
    throw new HttpError(
      'BadRequest',
      'BadCursor',
      'after (or Last-Event-ID) is no cursor of this log; take one from an earlier answer.',
    );
  return cursor;
}

function limitOf(text: string | undefined): number {
  const limit = Math.floor(Number(text ?? PAGE));
  return limit >= 1 ? Math.min(limit, PAGE) : PAGE;
}

/** Inside a stream the order is version: a later version may have an earlier place in the whole log. */
function following(events: readonly StoredEvent[], cursor: Cursor): StoredEvent[] {
  const last = events.find((event) => event.txid === cursor.txid && event.pos === cursor.pos);
  return events.filter((event) => (last === undefined ? isAfter(event, cursor) : event.version > last.version));
}

function isAfter(event: Cursor, cursor: Cursor): boolean {
  return event.txid > cursor.txid || (event.txid === cursor.txid && event.pos > cursor.pos);
}
