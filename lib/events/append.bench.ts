import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';
import { EventStore } from './store.ts';
import { Tail } from './tail.ts';
import type { NewEvent } from './types.ts';

type Ticked = { type: 'TICKED'; data: { n: number } };

export interface AppendBench {
  /** Appends a second, each of one event, committed. */
  readonly appendPerSecond: number;
  readonly withTail: {
    readonly appendPerSecond: number;
    readonly handledPerSecond: number;
    /** From the return of an append to its handling, in ms. */
    readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number };
    /** Appended and never handled; anything but 0 is a defect. */
    readonly lost: number;
  };
}

/**
 * Measures appends on a migrated database, whose pool must have `writers` connections and two more: `writers` (default 32), each on
 * streams of its own, for `seconds` (default 5) without and then with a tail that does nothing.
 */
export async function benchAppend(
  db: Database,
  options: { writers?: number; seconds?: number } = {},
): Promise<AppendBench> {
  const { writers = 32, seconds = 5 } = options;
  const store = new EventStore<Ticked>({ db, types: { TICKED: { schema: 1, data: { type: 'object' } } } });
  await appendFor(store, writers, 0.5, () => undefined);
  const appended = await appendFor(store, writers, seconds, () => undefined);
  const withTail = await benchTail(store, writers, seconds);
  await store.idle();
  return { appendPerSecond: Math.round(appended / seconds), withTail };
}

async function benchTail(
  store: EventStore<Ticked>,
  writers: number,
  seconds: number,
): Promise<AppendBench['withTail']> {
  const committed = new Map<string, number>();
  const early = new Set<string>();
  const lags: number[] = [];
  const tail = new Tail<Ticked>({
    store,
    name: `bench-${randomUUID()}`,
    batch: 500,
    handle: async (_tx, { stream, version }) => {
      const slot = `${stream}@${version}`;
      const since = committed.get(slot);
      // The tail may be faster than the news of the commit.
      if (since === undefined) early.add(slot);
      else lags.push(performance.now() - since);
      committed.delete(slot);
    },
  });
  await tail.catchUp();
  tail.start();
  const started = performance.now();
  const appended = await appendFor(store, writers, seconds, (slot) => {
    if (early.delete(slot)) lags.push(0);
    else committed.set(slot, performance.now());
  });
  await tail.stop();
  await tail.catchUp();
  const took = (performance.now() - started) / 1_000;
  lags.sort((a, b) => a - b);
  const at = (share: number): number => Math.round((lags[Math.floor((lags.length - 1) * share)] ?? 0) * 10) / 10;
  return {
    appendPerSecond: Math.round(appended / seconds),
    handledPerSecond: Math.round((appended - committed.size) / took),
    lagMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    lost: committed.size,
  };
}

async function appendFor(
  store: EventStore<Ticked>,
  writers: number,
  seconds: number,
  appended: (slot: string) => void,
): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  const write = async (): Promise<void> => {
    const stream = randomUUID();
    for (let version = 0; performance.now() < end; version += 1) {
      await store.append(store.db, stream, version, [tick(version)]);
      appended(`${stream}@${version + 1}`);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return count;
}

function tick(n: number): NewEvent<Ticked> {
  return { type: 'TICKED', data: { n }, meta: { actor: { kind: 'controller', name: 'bench' } } };
}
