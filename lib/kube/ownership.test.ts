import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient } from './fake-client.ts';
import { FakeClock } from './fake-clock.ts';
import {
  addFinalizer,
  controllerOf,
  createOwned,
  isOwnedBy,
  ownerKeys,
  ownerReference,
  removeFinalizer,
} from './ownership.ts';
import { CONFIG_MAPS, JOBS, NODES } from './resource.ts';

async function setUp() {
  const client = new FakeClient(new FakeClock());
  const owner = await client.create(CONFIG_MAPS, { metadata: { namespace: 'ns', name: 'owner' } });
  return { client, owner };
}
const job = { metadata: { namespace: 'ns', name: 'job' } };

test('creating a child twice gives the same child, owned and controlled', async () => {
  const { client, owner } = await setUp();
  const first = await createOwned(client, JOBS, job, owner);
  const second = await createOwned(client, JOBS, job, owner);
  assert.equal(first.metadata.uid, second.metadata.uid);
  assert.ok(isOwnedBy(first, owner));
  assert.equal(controllerOf(first)?.uid, owner.metadata.uid);
});

test("a child's name taken by somebody else is Stalled, not success", async () => {
  const { client, owner } = await setUp();
  await client.create(JOBS, job);
  await assert.rejects(createOwned(client, JOBS, job, owner), { name: 'Stalled', reason: 'NameTaken' });
});

test('the child of a namesake that was deleted before is not ours', async () => {
  const { client, owner } = await setUp();
  await createOwned(client, JOBS, job, { ...owner, metadata: { ...owner.metadata, uid: 'old-uid' } });
  await assert.rejects(createOwned(client, JOBS, job, owner), { name: 'Stalled' });
});

test('a child that is still being deleted is waited for', async () => {
  const { client, owner } = await setUp();
  await createOwned(client, JOBS, { metadata: { ...job.metadata, finalizers: ['x/y'] } }, owner);
  await client.delete(JOBS, job.metadata);
  await assert.rejects(createOwned(client, JOBS, job, owner), { name: 'Waiting', reason: 'BeingDeleted' });
});

test('an owner without uid is refused', () => {
  assert.throws(() => ownerReference({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } }), TypeError);
});

test('owner keys name owners of that kind and group only, without namespace for cluster-scoped ones', async () => {
  const { owner } = await setUp();
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'u' } };
  const foreign = { ...ownerReference(owner), apiVersion: 'other/v1' };
  const child = {
    metadata: { namespace: 'ns', name: 'c', ownerReferences: [ownerReference(owner), ownerReference(node), foreign] },
  };
  assert.deepEqual(ownerKeys(CONFIG_MAPS)(child), ['ns/owner']);
  assert.deepEqual(ownerKeys(NODES)(child), ['n']);
});

test('a finalizer is added once, keeps the object until it is removed, and leaves others alone', async () => {
  const { client, owner } = await setUp();
  await client.patch(CONFIG_MAPS, { namespace: 'ns', name: 'owner' }, { metadata: { finalizers: ['a/other'] } });
  const other = await client.get(CONFIG_MAPS, { namespace: 'ns', name: 'owner' });
  const held = await addFinalizer(client, CONFIG_MAPS, other, 'rig/x');
  assert.equal(await addFinalizer(client, CONFIG_MAPS, held, 'rig/x'), held);
  assert.deepEqual(held.metadata.finalizers, ['a/other', 'rig/x']);
  await assert.rejects(addFinalizer(client, CONFIG_MAPS, owner, 'rig/y'), { code: 'Conflict' });
  const freed = await removeFinalizer(client, CONFIG_MAPS, held, 'rig/x');
  assert.deepEqual(freed?.metadata.finalizers, ['a/other']);
});

test('removing the finalizer of an object that is gone is no error', async () => {
  const { client, owner } = await setUp();
  const held = await addFinalizer(client, CONFIG_MAPS, owner, 'rig/x');
  await client.patch(CONFIG_MAPS, { namespace: 'ns', name: 'owner' }, { metadata: { finalizers: [] } });
  await client.delete(CONFIG_MAPS, { namespace: 'ns', name: 'owner' });
  assert.equal(await removeFinalizer(client, CONFIG_MAPS, held, 'rig/x'), undefined);
});
