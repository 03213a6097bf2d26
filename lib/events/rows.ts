import type { EventBody, EventMeta, StoredEvent } from './types.ts';

export interface EventRow {
  stream: string;
  version: number;
  type: string;
  schema: number;
  data: unknown;
  meta: EventMeta;
  at: Date;
  txid: bigint;
  pos: number;
}

export const EVENT_COLUMNS = 'stream, version, type, schema, data, meta, at, txid, pos';

export function toEvent<E extends EventBody>(row: EventRow): StoredEvent<E> {
  return { ...row, at: row.at.getTime() } as unknown as StoredEvent<E>;
}
