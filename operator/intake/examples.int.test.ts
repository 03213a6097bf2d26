import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { HOOK_EVENTS } from '#lib/forge';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { type IntakeWorld, openIntake, repositoryOf } from './intake.int-kit.ts';

interface Example {
  readonly name: string;
  readonly examples: readonly { repository?: { id: number; full_name: string } }[];
}

const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[];
const used = ['ping', ...HOOK_EVENTS].map((event) => {
  const example = all.find(({ name }) => name === event);
  assert.ok(example && example.examples.length > 0, `there is no example of ${event}`);
  return example;
});
const payloads = used.flatMap(({ name, examples }) =>
  examples.map((payload, i) => ({ event: name, id: `${name}-${i}`, payload })),
);
const ours = payloads.filter(({ payload }) => payload.repository !== undefined);
const repositories = [...new Map(ours.map(({ payload }) => [payload.repository!.id, payload.repository!])).values()];

async function everything({ pool }: IntakeWorld): Promise<unknown> {
  const tables = ['repositories', 'issues', 'pulls', 'checks', 'reviews', 'pushes', 'permissions'].map(
    (name) => `forge_${name}`,
  );
  const rows = [...tables, 'events', 'subjects', 'deliveries'].map(async (table) => {
    const { rows } = await pool.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`);
    return [table, rows];
  });
  return Object.fromEntries(await Promise.all(rows));
}

test('every example payload of the events in use is stored once and ends applied or ignored with a sentence; sent again, nothing changes', async (t) => {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  const world = await openIntake(t, {
    client,
    repositories: repositories.map(({ id, full_name }) => repositoryOf(id, full_name)),
  });
  for (const { event, id, payload } of payloads) {
    const { status } = await world.send(event, payload, { id });
    assert.equal(status, payload.repository === undefined ? 400 : 202, id);
  }
  await world.settle();
  const { rows } = await world.pool.query('SELECT id, outcome, detail, attempts FROM deliveries');
  assert.equal(rows.length, ours.length);
  assert.ok(rows.length >= 130, `only ${rows.length} payloads`);
  for (const { id, outcome, detail, attempts } of rows) {
    assert.ok(outcome === 'applied' || outcome === 'ignored', `${id} is ${outcome}: ${detail}`);
    assert.match(detail, /^[^a-z].*\.$/s, `${id} has no sentence`);
    assert.equal(attempts, 1, id);
  }
  const applied = rows.filter(({ outcome }) => outcome === 'applied').length;
  assert.ok(applied > rows.length * 0.9, `only ${applied} of ${rows.length} were applied`);

  const before = await everything(world);
  const issues = world.issues();
  for (const { event, id, payload } of ours) assert.equal((await world.send(event, payload, { id })).status, 200, id);
  await world.settle();
  assert.deepEqual(await everything(world), before);
  assert.deepEqual(world.issues(), issues);
});
