import { setTimeout as delay } from 'node:timers/promises';
import type { Queryable } from '#lib/db';
import type { Forge } from '#lib/forge';

/** Kinds of effects that tell people something; GitHub asks for three times the pause between those. */
const NOTIFYING = new Set(['issue', 'pull-request', 'comment', 'review', 'thread-reply', 'merge']);
/** A push is no call of the API. */
const UNPACED = new Set(['head']);

/** A turn that lies behind the pause of another: `greatest` takes the place behind whoever reserved last. */
const RESERVE = `
  INSERT INTO forge_pace (identity, free_at) VALUES ($1, clock_timestamp() + $2 * interval '1 ms')
  ON CONFLICT (identity) DO UPDATE SET free_at = greatest(forge_pace.free_at, clock_timestamp()) + $2 * interval '1 ms'
  RETURNING extract(epoch FROM free_at - clock_timestamp())::float8 * 1000 - $2 AS wait`;

/** The pause between two writes of one identity at a forge, whichever replicas they come from: each reserves its turn in the database. */
export class Pace {
  readonly #db: Queryable;
  readonly #intervalMs: number;
  readonly #sleep: (ms: number) => Promise<unknown>;

  /** `intervalMs` 0 is for a forge that asks for no pause. */
  constructor(db: Queryable, intervalMs: number, sleep: (ms: number) => Promise<unknown> = delay) {
    this.#db = db;
    this.#intervalMs = intervalMs;
    this.#sleep = sleep;
  }

  /** Resolves when a write of this kind may be sent. */
  async turn(forge: Pick<Forge, 'origin' | 'whoami'>, kind: string): Promise<void> {
    if (this.#intervalMs === 0 || UNPACED.has(kind)) return;
    const { id } = await forge.whoami();
    const pause = this.#intervalMs * (NOTIFYING.has(kind) ? 3 : 1);
    const { rows } = await this.#db.query(RESERVE, [`${forge.origin} ${id}`, pause]);
    if (rows[0].wait > 1) await this.#sleep(rows[0].wait);
  }
}
