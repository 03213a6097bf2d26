/** What an event says: its type and the data that the type's schema describes. */
export interface EventBody {
  readonly type: string;
  readonly data: unknown;
}

/** Why an event was written, by whom, under which policy. */
export interface EventMeta {
  /** `login`, controller or task name, by kind. */
  readonly actor: { readonly kind: 'webhook' | 'controller' | 'task' | 'person'; readonly name: string };
  /** What led to it: the delivery's id, the event's `stream@version`, the task's name, the request's id. */
  readonly causation?: { readonly kind: 'delivery' | 'event' | 'task' | 'request'; readonly id: string };
  readonly policy?: { readonly name: string; readonly digest: string };
  readonly traceId?: string;
}

/** An event to append. */
export type NewEvent<E extends EventBody = EventBody> = E & { readonly meta: EventMeta };

/** An event as the log holds it. */
export type StoredEvent<E extends EventBody = EventBody> = E & {
  readonly stream: string;
  /** From 1, without gaps: the order inside the stream. */
  readonly version: number;
  /** The schema the data was written with. */
  readonly schema: number;
  readonly meta: EventMeta;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly at: number;
  /** The transaction that appended it; with `pos` its place in the whole log. */
  readonly txid: bigint;
  readonly pos: number;
};

/** A place in the whole log: everything up to and with it has been seen. */
export interface Cursor {
  readonly txid: bigint;
  readonly pos: number;
}

/** Before the first event. */
export const START: Cursor = { txid: 0n, pos: 0 };

/** Negative when `a` lies before `b`, 0 for the same place. */
export function compareCursors(a: Cursor, b: Cursor): number {
  if (a.txid !== b.txid) return a.txid < b.txid ? -1 : 1;
  return a.pos - b.pos;
}

/** A cursor as text for people and protocols (`Last-Event-ID`): `<txid>.<pos>`. */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.txid}.${cursor.pos}`;
}

/** The cursor of a text by {@link formatCursor}; undefined for anything else. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,20})\.(\d{1,15})$/.exec(text);
  return match === null ? undefined : { txid: BigInt(match[1]!), pos: Number(match[2]) };
}
