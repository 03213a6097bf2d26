import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '#domain';
import type { ActivityFacts, Actor } from '#lib/forge';
import { Findings } from './findings.ts';
import { followActivity } from './heads.ts';
import type { Round } from './round.ts';

const move = (id: number): ActivityFacts => ({
  id,
  ref: 'refs/heads/rig/shop-7/1',
  before: null,
  after: id.toString(16).padStart(40, '0'),
  actor: { id: 5, login: 'bea', kind: 'user' },
  at: '2026-03-02T12:00:00Z',
});

/** A round at a forge with `moves` since the last look, of which it shows no more than `shown`. */
function roundOf(moves: number, shown = Number.POSITIVE_INFINITY) {
  const pushes: [sha: string, pusher: string][] = [];
  const marks: unknown[] = [];
  const listActivity = async (_: unknown, { limit = 0 }: { limit?: number }) => {
    const most = Math.min(limit, shown);
    const items = Array.from({ length: Math.min(moves, most) }, (_, at) => move(moves - at));
    return { notModified: false, items, etag: 'e', complete: moves <= most };
  };
  const mirror = {
    pusherOf: async () => known(move(1).actor, 0),
    putPush: async (...[, , sha, , pusher]: [unknown, unknown, string, string, Actor]) =>
      pushes.push([sha, pusher.login]),
  };
  const pool = { query: async (_: string, values: unknown[]) => marks.push(values) };
  const round = {
    forge: { listActivity },
    repo: { owner: 'acme', name: 'shop' },
    repository: { metadata: {}, spec: { defaultBranch: 'main' } },
    conductor: { mirror, log: { pool }, now: () => 0 },
    key: { host: 'github.com', id: 5 },
    marks: new Map(),
    found: new Findings(),
  } as unknown as Round;
  return { round, pushes, marks };
}

test('after a long absence everybody is noted who pushed meanwhile, however much others pushed since', async () => {
  const { round, pushes, marks } = roundOf(5_000);
  await followActivity(round);
  assert.deepEqual([pushes.length, pushes[0]], [5_000, [move(1).after, 'bea']]);
  assert.equal(marks.length, 1);
});

test('where the forge shows not all that moved since the last look, it is said, and looked at from there again', async () => {
  const { round, pushes, marks } = roundOf(5_000, 100);
  await assert.rejects(followActivity(round), /not every push since the last look is known/);
  assert.deepEqual([pushes.length, marks.length], [100, 0]);
});
