import { requireUp } from '#lib/datadir';
import { OWNER } from '../../kit/rig-repository.ts';
import type { Sent, Stored } from '../invariants/deliveries.ts';
import { persist } from './persist.ts';
import type { ChaosRig } from './rig.ts';

interface Listed {
  readonly id: number;
  readonly guid: string;
  readonly status: string;
  readonly status_code: number;
}

/** In place of a number: only the newest hundred of each webhook. */
export const NEWEST = Number.POSITIVE_INFINITY;

/** Sendings of every repository's webhook that have a number above `after`, by the forge's own list. */
export async function readSent(rig: ChaosRig, after: number): Promise<Sent[]> {
  const listed = await Promise.all(hooked(rig).map((name) => listOf(rig, name, after)));
  return listed
    .flat()
    .map(({ guid, status, status_code }) => ({ guid, status: status_code, pending: status === 'pending' }));
}

/** The highest number of a sending so far; 0 for none. */
export async function lastSent(rig: ChaosRig): Promise<number> {
  const listed = await Promise.all(hooked(rig).map((name) => listOf(rig, name, NEWEST)));
  return Math.max(0, ...listed.flat().map(({ id }) => id));
}

/** Deliveries about the round's repositories that the conductor stored after its `seq`. */
export async function readStored({ db }: ChaosRig, after: number): Promise<Stored[]> {
  return db.rows<Stored>(
    `SELECT id, finished_at IS NOT NULL AS finished, outcome, detail FROM deliveries WHERE seq > $1`,
    [after],
  );
}

export async function lastStored({ db }: ChaosRig): Promise<number> {
  const [row] = await db.rows<{ seq: number }>('SELECT coalesce(max(seq), 0)::int AS seq FROM deliveries');
  return row?.seq ?? 0;
}

/** Every repository with a webhook: the one that the rig was started with too. */
function hooked({ hands, repositories }: ChaosRig): string[] {
  return [requireUp(hands.layout).tenant.repository, ...repositories];
}

/** Newest first, down to `after`. */
async function listOf({ hands, patienceMs }: ChaosRig, name: string, after: number): Promise<Listed[]> {
  const ask = <T>(path: string) =>
    persist(async () => {
      const { status, body } = await hands.forge<T>('GET', `/repos/${OWNER}/${name}/hooks${path}`);
      if (status !== 200) throw new Error(`the webhooks of ${name} were answered with ${status}`);
      return body;
    }, patienceMs);
  const [hook] = await ask<{ id: number }[]>('');
  const items: Listed[] = [];
  for (let cursor = ''; ; ) {
    const page = await ask<Listed[]>(`/${hook?.id}/deliveries?per_page=100${cursor}`);
    items.push(...page.filter(({ id }) => after === NEWEST || id > after));
    const last = page.at(-1);
    if (page.length < 100 || last === undefined || last.id <= after) return items;
    cursor = `&cursor=${last.id}`;
  }
}
