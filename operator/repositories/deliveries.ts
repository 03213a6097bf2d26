import type { Queryable } from '#lib/db';
import type { Condition } from '#lib/kube';
import type { HookFacts } from '../intake/hooks.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import type { Untold } from './findings.ts';

/** What a listing showed and no delivery had told by then. `since` is when that was found, in ms. */
export interface Missing extends Untold {
  readonly since: number;
}

/** How long a delivery may be under way, in ms: GitHub sends most within seconds. */
const UNDER_WAY_MS = 2 * 60_000;

/** Keeps what a listing found until a delivery is heard again. */
export async function noteMissing(db: Queryable, key: RepositoryKey, { at, what }: Untold, now: number): Promise<void> {
  // Something of just now may still be told; of that, only what comes after it proves that deliveries arrive.
  const since = now - at > UNDER_WAY_MS ? now : Math.min(at, now);
  await db.query(
    'UPDATE forge_repositories SET untold_since = $3, untold_from = $4, untold = $5 WHERE host = $1 AND id = $2',
    [key.host, key.id, new Date(since), new Date(at), what],
  );
}

export async function missingOf(db: Queryable, key: RepositoryKey): Promise<Missing | null> {
  const { rows } = await db.query(
    'SELECT untold_since, untold_from, untold FROM forge_repositories WHERE host = $1 AND id = $2',
    [key.host, key.id],
  );
  const row = rows[0];
  return row?.untold == null
    ? null
    : { since: Number(row.untold_since), at: Number(row.untold_from), what: row.untold };
}

export interface Heard {
  /** Whether the Repository names a webhook secret. */
  readonly hooked: boolean;
  readonly hook: HookFacts | null;
  readonly missing: Missing | null;
}

/**
 * The condition WebhookHealthy: True only while deliveries arrive. One that never came is told by what listings find without it: that is
 * forgiven once a later one arrives, since the listing has made up for it.
 */
export function webhookHealth(
  { hooked, hook, missing }: Heard,
  now: number,
): Pick<Condition, 'type' | 'status' | 'reason' | 'message'> {
  const type = 'WebhookHealthy';
  if (!hooked)
    return {
      type,
      status: 'False',
      reason: 'NoWebhookSecret',
      message:
        'No webhook secret is named, so no delivery is accepted: what happens is found by a listing, minutes later.',
    };
  const heardAt = hook?.deliveredAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  if (hook?.access === 'unhooked' && (hook.accessAt?.getTime() ?? 0) >= heardAt)
    return {
      type,
      status: 'False',
      reason: 'DeliveriesMissing',
      message: 'The webhook was taken away at the forge; add it again.',
    };
  if (missing !== null && heardAt < missing.since && now - missing.at > UNDER_WAY_MS)
    return {
      type,
      status: 'False',
      reason: 'DeliveriesMissing',
      message: `No delivery told ${missing.what}: look at the webhook's recent deliveries at the forge, its URL and its secret. Until they arrive, what happens is found by a listing, minutes later.`,
    };
  if (hook?.deliveredAt == null)
    return {
      type,
      status: 'Unknown',
      reason: 'NoDeliveryYet',
      message: 'A webhook secret is named, and no delivery has arrived yet.',
    };
  return { type, status: 'True', reason: 'DeliveriesArrive', message: 'Deliveries arrive.' };
}
