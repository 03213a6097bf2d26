import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifierObjects } from '#crds';
import { CONFIG_MAPS, type KubeClient, type KubeObject, type Resource } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { type HeldIn, Signatures } from './signatures.ts';

const MAPS = CONFIG_MAPS as Resource<KubeObject & { data: Record<string, string> }>;
const NAMESPACE = 'rig-verifier';
const held = (uid: string): HeldIn => ({ namespace: 'a', name: `approval-${uid}`, uid });

function setUp() {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  let now = 0;
  const open = () => new Signatures(client, NAMESPACE, () => now);
  return { client, open, later: (ms = 5_000) => (now += ms) };
}

test('a signature whose object is gone is taken back for good, for every replica and after a restart', async () => {
  const { open, later } = setUp();
  const [one, two] = [open(), open()];
  await one.hold('s1', held('u1'));
  await one.hold('s2', held('u2'));
  later();
  assert.equal((await two.standing()).revoked('s1'), false);
  await two.sweep(async ({ uid }) => uid !== 'u1');
  later();
  for (const replica of [one, two, open()]) {
    const { counted, revoked } = await replica.standing();
    assert.deepEqual(['s1', 's2', 's3'].map(revoked), [true, false, false]);
    assert.deepEqual(['s1', 's2', 's3'].map(counted), [false, true, false]);
  }
  // The bundle is filed again.
  await one.hold('s1', held('u9'));
  later();
  await one.sweep(async () => true);
  assert.equal((await open().standing()).revoked('s1'), true);
});

test('a signature in two objects is taken back with the first of them that goes', async () => {
  const { open, later } = setUp();
  const one = open();
  await one.hold('s1', held('u1'));
  await one.hold('s1', held('u2'));
  later();
  await one.sweep(async ({ uid }) => uid === 'u1');
  later();
  assert.equal((await one.standing()).revoked('s1'), true);
});

test('replicas that write at the same time lose nothing of each other', async () => {
  const { open, later } = setUp();
  const replicas = [open(), open(), open()];
  await Promise.all(replicas.map((one, at) => one.hold(`s${at}`, held(`u${at}`))));
  later();
  await open().sweep(async () => false);
  later();
  const { revoked } = await open().standing();
  assert.deepEqual(['s0', 's1', 's2'].map(revoked), [true, true, true]);
});

test('what is written down and cannot be understood may be a revocation: nothing can be told of signatures then', async () => {
  const { client, open } = setUp();
  const metadata = { namespace: NAMESPACE, name: verifierObjects.signatures };
  await client.create(MAPS, { metadata, data: { s1: '{"in":7}' } });
  await assert.rejects(open().standing(), /s1 .* cannot be understood/);
  await assert.rejects(open().hold('s2', held('u2')), /cannot be understood/);
});

test('that a signature was taken back is remembered for a week, long after it could count again, and then makes room', async () => {
  const { client, open, later } = setUp();
  const DAY_MS = 86_400_000;
  const one = open();
  await one.hold('s1', held('u1'));
  await one.hold('s2', held('u2'));
  later();
  const sweep = () => one.sweep(async ({ uid }) => uid === 'u2');
  await sweep();
  later(7 * DAY_MS);
  await sweep();
  assert.equal((await open().standing()).revoked('s1'), true);
  later(1);
  later();
  await sweep();
  const { data } = await client.get(MAPS, { namespace: NAMESPACE, name: verifierObjects.signatures });
  assert.deepEqual(Object.keys(data), ['s2']);
  assert.deepEqual((await open().standing()).counted('s2'), true);
});
