import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import { parseDelivery } from '#lib/forge';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { type IntakeWorld, openIntake, repositoryOf } from './intake.int-kit.ts';

interface Payload {
  readonly action?: string;
  readonly repository?: { readonly id: number; readonly full_name: string };
}

const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string; examples: Payload[] }[];
const payloads = all.flatMap(({ name, examples }) =>
  examples.map((payload, i) => ({ event: name, id: `${name}-${i}`, payload })),
);
const named = payloads.flatMap(({ payload }) => payload.repository ?? []);
const repositories = [...new Map(named.map((repository) => [repository.id, repository])).values()];

const open = (t: TestContext) =>
  openIntake(t, {
    client: new FakeClient(new FakeClock()) as unknown as KubeClient,
    repositories: repositories.map(({ id, full_name }) => repositoryOf(id, full_name)),
  });

const MIRROR = [
  'repositories',
  'issues',
  'pulls',
  'checks',
  'reviews',
  'pushes',
  'permissions',
  'hooks',
  'deployments',
];

async function rowsOf({ pool }: IntakeWorld, tables: readonly string[]): Promise<Record<string, unknown[]>> {
  const read = tables.map(async (table) => [table, (await pool.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)).rows]);
  return Object.fromEntries(await Promise.all(read));
}

const everything = (world: IntakeWorld) =>
  rowsOf(world, [...MIRROR.map((name) => `forge_${name}`), 'events', 'subjects', 'deliveries', 'effects', 'commands']);

test("each of GitHub's 329 example payloads is stored once, answered 202, and applied or ignored with a sentence; sent again it is 200, and nothing changes", async (t) => {
  assert.deepEqual([payloads.length, all.length], [329, 58]);
  const world = await open(t);
  for (const { event, id, payload } of payloads)
    assert.equal((await world.send(event, payload, { id })).status, 202, id);
  await world.settle();
  const { rows } = await world.pool.query('SELECT id, event, outcome, detail, attempts FROM deliveries');
  assert.equal(rows.length, 329);
  const sent = new Map(payloads.map((one) => [one.id, one]));
  for (const { id, outcome, detail, attempts } of rows) {
    const { event, payload } = sent.get(id)!;
    const { ignored } = parseDelivery(event, payload);
    assert.equal(outcome, ignored === null ? 'applied' : 'ignored', `${id}: ${detail}`);
    if (ignored !== null) assert.equal(detail, ignored, id);
    assert.match(detail, /^[A-Z].*\.$/s, `${id} has no sentence`);
    assert.equal(attempts, 1, id);
  }
  const applied = rows.filter(({ outcome }) => outcome === 'applied').length;
  assert.ok(applied >= 150, `only ${applied} were applied`);

  const before = await everything(world);
  const issues = world.issues();
  for (const { event, id, payload } of payloads)
    assert.equal((await world.send(event, payload, { id })).status, 200, id);
  await world.settle();
  assert.deepEqual(await everything(world), before);
  assert.deepEqual(world.issues(), issues);
});

/** What the mirror holds but for when it was heard: facts by their key, with the moment that the forge dates them. */
async function facts(world: IntakeWorld): Promise<Map<string, { at: string; facts: unknown }>> {
  const tables = await rowsOf(world, [
    'forge_issues',
    'forge_pulls',
    'forge_checks',
    'forge_reviews',
    'forge_deployments',
  ]);
  return new Map(
    Object.entries(tables).flatMap(([table, rows]) =>
      (rows as Record<string, unknown>[]).map((row) => {
        const { repository_id, number, head_sha, source, id } = row;
        const key = JSON.stringify([
          table,
          repository_id,
          number,
          table === 'forge_checks' ? [head_sha, source] : null,
          id,
        ]);
        return [key, { at: (row.updated_at as Date).toISOString(), facts: row.facts ?? row.summary }];
      }),
    ),
  );
}

test('the payloads in the opposite order, each under a new id and then once more: the mirror holds the same newest facts', async (t) => {
  const forwards = await open(t);
  const backwards = await open(t);
  for (const { event, id, payload } of payloads) await forwards.send(event, payload, { id });
  for (const { event, id, payload } of payloads.toReversed())
    await backwards.send(event, payload, { id: `${id}-back` });
  await Promise.all([forwards.settle(), backwards.settle()]);
  const [one, other] = [await facts(forwards), await facts(backwards)];
  assert.deepEqual([...one.keys()].sort(), [...other.keys()].sort());
  for (const [key, fact] of one) assert.equal(other.get(key)?.at, fact.at, key);
  for (const { event, id, payload } of payloads.toReversed())
    await backwards.send(event, payload, { id: `${id}-more` });
  await backwards.settle();
  assert.deepEqual(await facts(backwards), other);
});
