import type { TestContext } from 'node:test';
import { catalogue, type DomainEvent, defaultLedgerPolicy, type LedgerPolicy } from '#domain';
import type { Pool } from '#lib/db';
import { EventStore, ensureSubject } from '#lib/events';
import { silentLogger } from '#lib/observe';
import { type Deed, storyOf } from '../../domain/testing/ledger.ts';
import { eventsOf, openLog } from '../store/store.int-kit.ts';
import { type LedgerOptions, LedgerService } from './service.ts';

export const cause = { actor: { kind: 'controller', name: 'test' } } as const;

/** A ladder that is climbed within one test, and a clock that is moved by hand ahead of the database's. */
export interface LedgerWorld {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly service: LedgerService;
  /** Ms that the ledger's clock is ahead. */
  ahead: number;
  /** Tells a deed's whole story as an Issue of `namespace`; answers its stream. */
  tell(deed: Deed, namespace?: string): Promise<string>;
  /** Appends to a stream. */
  append(stream: string, ...events: DomainEvent[]): Promise<void>;
  /** What an Agent's log has told, oldest first. */
  told(agentUid: string): Promise<DomainEvent[]>;
}

export async function openLedger(
  t: Pick<TestContext, 'after'>,
  over: Partial<LedgerPolicy> = {},
  options: Partial<LedgerOptions> = {},
): Promise<LedgerWorld> {
  const { pool } = await openLog(t);
  const store = new EventStore({ db: pool, types: catalogue });
  const policy = { ...defaultLedgerPolicy, streak: 3, settle: 0, maxPerDay: 100, ...over };
  const world: LedgerWorld = {
    pool,
    store,
    ahead: 0,
    service: new LedgerService({
      pool,
      store,
      policy: () => policy,
      now: () => Date.now() + world.ahead,
      logger: silentLogger,
      ...options,
    }),
    async tell(deed: Deed, namespace = 'tenant-a') {
      const ref = { kind: 'Issue', namespace, name: `widgets-${deed.issue}`, uid: `uid-${deed.issue}` };
      const { subject } = await ensureSubject(pool, ref);
      await world.append(subject.id, ...storyOf(deed));
      return subject.id;
    },
    async append(stream: string, ...events: DomainEvent[]) {
      const version = await store.version(stream);
      await store.append(
        pool,
        stream,
        version,
        events.map(({ type, data }) => ({ type, data, meta: cause })),
      );
    },
    async told(agentUid: string) {
      const { rows } = await pool.query("SELECT id FROM subjects WHERE kind = 'Agent' AND uid = $1", [agentUid]);
      return rows[0] === undefined ? [] : eventsOf(pool, rows[0].id);
    },
  };
  return world;
}
