import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { hookOf } from './hooks.ts';
import { type IntakeWorld, openIntake, repositoryOf } from './intake.int-kit.ts';

const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string; examples: object[] }[];
const HOST = 'api.github.com';
const INSTALLATION = 2;
const at = (second: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000).toISOString();

/** Two tenants of an App that share its secret, and one with a webhook of its own. */
function open(t: TestContext): Promise<IntakeWorld> {
  return openIntake(t, {
    client: new FakeClient(new FakeClock()) as unknown as KubeClient,
    repositories: [5, 6, 7].map((id) => repositoryOf(id, `acme/r${id}`)),
    secret: async ({ status }) => (status?.forge?.repositoryID === 7 ? 'of seven' : 'of the App'),
  });
}

const installation = (action: string, second: number, ids: readonly number[] | null) => ({
  action,
  installation: {
    id: INSTALLATION,
    account: { login: 'acme', id: 50 },
    updated_at: at(second),
    suspended_at: action === 'suspend' ? at(second) : null,
  },
  ...(ids && { repositories: ids.map((id) => ({ id, full_name: `acme/r${id}` })) }),
  sender: { id: 1, login: 'boss', type: 'User' },
});

const about = (id: number, more: object = {}) => ({
  repository: { id, name: `r${id}`, full_name: `acme/r${id}`, owner: { login: 'acme', id: 50 } },
  sender: { id: 1, login: 'boss', type: 'User' },
  ...more,
});

let sent = 0;
async function tell(world: IntakeWorld, event: string, payload: object, secret = 'of the App'): Promise<string> {
  const id = `told-${++sent}`;
  assert.equal((await world.send(event, payload, { id, secret })).status, 202);
  return (await world.outcome(id)).detail;
}

async function accessOf(world: IntakeWorld): Promise<Record<number, string>> {
  const read = [5, 6, 7].map(async (id) => [id, (await hookOf(world.pool, { host: HOST, id }))?.access ?? 'untold']);
  return Object.fromEntries(await Promise.all(read));
}

test('a suspended installation, one that is back, one that lost a repository: noted for each Repository, which is looked at again', async (t) => {
  const world = await open(t);
  assert.match(
    await tell(world, 'installation', installation('suspend', 10, [5, 6])),
    /suspended for 2 of the Repositories/,
  );
  assert.deepEqual(await accessOf(world), { 5: 'suspended', 6: 'suspended', 7: 'untold' });
  assert.deepEqual(world.told.splice(0).sort(), ['repo-5', 'repo-6']);
  await tell(world, 'installation', installation('unsuspend', 20, [5, 6]));
  const removed = { ...installation('removed', 30, null), repositories_removed: [{ id: 6 }] };
  await tell(world, 'installation_repositories', removed);
  assert.deepEqual(await accessOf(world), { 5: 'granted', 6: 'removed', 7: 'untold' });
  await tell(world, 'installation', installation('deleted', 40, [5, 6]));
  assert.deepEqual(await accessOf(world), { 5: 'removed', 6: 'removed', 7: 'untold' });
});

test('an older word about an installation does not overwrite a newer one', async (t) => {
  const world = await open(t);
  await tell(world, 'installation', installation('unsuspend', 20, [5]));
  await tell(world, 'installation', installation('suspend', 10, [5]));
  assert.equal((await accessOf(world))[5], 'granted');
});

test('an installation that lists no repositories is that of those it has delivered for', async (t) => {
  const world = await open(t);
  await tell(world, 'ping', about(5, { installation: { id: INSTALLATION } }));
  assert.match(await tell(world, 'installation', installation('suspend', 10, null)), /suspended for 1 of the/);
  const { installationId, access } = (await hookOf(world.pool, { host: HOST, id: 5 }))!;
  assert.deepEqual([installationId, access], [INSTALLATION, 'suspended']);
});

test("one tenant's secret says nothing of another's repository: neither in a list, nor as its installation", async (t) => {
  const world = await open(t);
  await tell(world, 'ping', about(5, { installation: { id: INSTALLATION } }));
  const lies = [
    await tell(world, 'installation', installation('suspend', 10, null), 'of seven'),
    await tell(world, 'installation', installation('deleted', 20, [5, 6, 7]), 'of seven'),
  ];
  assert.match(lies[0]!, /reaches no Repository whose secret signed this/);
  assert.match(lies[1]!, /removed for 1 of the Repositories/);
  assert.deepEqual(await accessOf(world), { 5: 'granted', 6: 'untold', 7: 'removed' });
});

test('a webhook that was taken away is noted until a delivery comes again', async (t) => {
  const world = await open(t);
  await tell(world, 'meta', about(7, { action: 'deleted', hook_id: 1 }), 'of seven');
  assert.deepEqual([(await accessOf(world))[7], world.told], ['unhooked', ['repo-7']]);
  await tell(world, 'star', about(7, { action: 'created' }), 'of seven');
  await tell(world, 'member', about(7, { action: 'added', member: { id: 9, login: 'new' } }), 'of seven');
  assert.equal((await accessOf(world))[7], 'granted');
});

test('renamed, transferred, archived: the mirror has the new name under the same number, and the Repository is looked at again', async (t) => {
  const world = await open(t);
  const facts = async () => {
    const told = await world.mirror.repository(world.pool, { host: HOST, id: 5 });
    assert.ok(told.known);
    return [told.value.owner, told.value.name, told.value.archived];
  };
  const repository = (second: number, change: object) => {
    const { repository: whole, ...rest } = about(5);
    return { ...rest, repository: { ...whole, updated_at: at(second), default_branch: 'main', ...change } };
  };
  await tell(world, 'repository', { action: 'renamed', ...repository(10, { name: 'new', full_name: 'acme/new' }) });
  assert.deepEqual(await facts(), ['acme', 'new', false]);
  const moved = { name: 'new', full_name: 'other/new', owner: { login: 'other', id: 51 } };
  await tell(world, 'repository', { action: 'archived', ...repository(30, { ...moved, archived: true }) });
  await tell(world, 'repository', { action: 'transferred', ...repository(20, moved) });
  assert.deepEqual(await facts(), ['other', 'new', true], 'the older one came late and changes nothing');
  assert.deepEqual([...new Set(world.told)], ['repo-5']);
});

test('a changed permission and a changed ruleset: the one is asked anew, the Repository is looked at again', async (t) => {
  const world = await open(t);
  const key = { host: HOST, id: 5 };
  const member = { id: 9, login: 'new', kind: 'user' } as const;
  const known = async () => [...(await world.mirror.permissions(world.pool, key, [1, 9], 1e9)).keys()].sort();
  const forget = async (event: string, more: object) => {
    await world.mirror.putPermission(world.pool, key, member, 'write');
    await world.mirror.putPermission(world.pool, key, { ...member, id: 1 }, 'admin');
    await tell(world, event, about(5, more));
    return known();
  };
  assert.deepEqual(await forget('member', { action: 'removed', member: { id: 9, login: 'new' } }), [1]);
  assert.deepEqual(await forget('team_add', { team: { id: 3 } }), []);
  await tell(world, 'repository_ruleset', about(5, { action: 'edited', repository_ruleset: { id: 1 } }));
  assert.deepEqual(world.told, ['repo-5']);
});

test("GitHub's own examples of installations are applied, and reach no Repository that is not in them", async (t) => {
  const world = await open(t);
  const all = examples.filter(({ name }) => name.startsWith('installation'));
  for (const { name, examples: payloads } of all)
    for (const payload of payloads) assert.match(await tell(world, name, payload), /reaches no Repository/);
  assert.deepEqual(world.told, []);
});
