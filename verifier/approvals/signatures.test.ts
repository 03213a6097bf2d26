import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifierObjects } from '#crds';
import { CONFIG_MAPS, type KubeClient, KubeError, type KubeObject, type Resource } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { type HeldIn, Signatures } from './signatures.ts';

const MAPS = CONFIG_MAPS as Resource<KubeObject & { data: Record<string, string> }>;
const NAMESPACE = 'rig-verifier';
const DAY_MS = 86_400_000;
const held = (uid: string): HeldIn => ({ namespace: 'a', name: `approval-${uid}`, uid });

const pull = {
  namespace: 'a',
  forge: { host: 'github.com', repositoryId: 7 },
  baseBranch: 'main',
  pullRequest: { number: 1, headSHA: 'f'.repeat(40) },
};
const [FIRST, SECOND] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string];
/** Signatures by their first hex digit, which says where what they consent to is kept. */
const [OLD, NEW] = ['a'.repeat(64), 'b'.repeat(64)] as const;
const consent = (signedAt: number, ...manifests: string[]) => ({
  approval: `a/${signedAt}`,
  signedAt,
  pull,
  manifests,
});
/** A merge that changes no manifest. */
const NOTHING = consent(0);

function setUp() {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  let now = 0;
  const open = () => new Signatures(client, NAMESPACE, () => now);
  return { client, open, later: (ms = 5_000) => (now += ms) };
}

test('a signature whose object is gone is taken back for good, for every replica and after a restart', async () => {
  const { open, later } = setUp();
  const [one, two] = [open(), open()];
  await one.hold('s1', held('u1'), NOTHING);
  await one.hold('s2', held('u2'), NOTHING);
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
  await one.hold('s1', held('u9'), NOTHING);
  later();
  await one.sweep(async () => true);
  assert.equal((await open().standing()).revoked('s1'), true);
});

test('a signature in two objects is taken back with the first of them that goes', async () => {
  const { open, later } = setUp();
  const one = open();
  await one.hold('s1', held('u1'), NOTHING);
  await one.hold('s1', held('u2'), NOTHING);
  later();
  await one.sweep(async ({ uid }) => uid === 'u1');
  later();
  assert.equal((await one.standing()).revoked('s1'), true);
});

test('replicas that write at the same time lose nothing of each other', async () => {
  const { open, later } = setUp();
  const replicas = [open(), open(), open()];
  await Promise.all(replicas.map((one, at) => one.hold(`s${at}`, held(`u${at}`), NOTHING)));
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
  await assert.rejects(open().hold('s2', held('u2'), NOTHING), /cannot be understood/);
});

test('that a signature was taken back is remembered for a week, long after it could count again, and then makes room', async () => {
  const { client, open, later } = setUp();
  const one = open();
  await one.hold('s1', held('u1'), NOTHING);
  await one.hold('s2', held('u2'), NOTHING);
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

test('a signature that does not fit yet counts for nothing, until it does; taken back before that it counts never', async () => {
  const { open, later } = setUp();
  const one = open();
  await one.hold(OLD, held('u1'), null);
  await one.hold(NEW, held('u2'), null);
  assert.deepEqual([OLD, NEW].map((await one.standing()).counted), [false, false]);
  await one.hold(NEW, held('u2'), NOTHING);
  // Nobody knows who pushed, for a moment: it fitted once.
  await one.hold(NEW, held('u2'), null);
  later();
  await open().sweep(async ({ uid }) => uid === 'u2');
  later();
  await one.hold(OLD, held('u9'), NOTHING);
  for (const replica of [one, open()]) {
    const { counted, revoked } = await replica.standing();
    assert.deepEqual([OLD, NEW].map(counted), [false, true]);
    assert.deepEqual([OLD, NEW].map(revoked), [true, false]);
  }
});

test('what was consented to and counted is known after it was taken back, to every replica and after a restart', async () => {
  const { open, later } = setUp();
  const [one, two] = [open(), open()];
  await one.hold(OLD, held('u1'), consent(1, FIRST));
  assert.deepEqual((await two.consents())(SECOND), []);
  await one.hold(NEW, held('u2'), consent(2, SECOND));
  await one.sweep(async () => false);
  later();
  for (const replica of [one, two, open()]) {
    const [found, ...others] = (await replica.consents())(SECOND);
    assert.deepEqual([found?.approval, found?.signature, found?.signedAt, found?.pull], ['a/2', NEW, 2, pull]);
    assert.deepEqual(others, []);
  }
});

test('what a revoked signature consented to is forgotten when nothing older may count any more, and no sooner', async () => {
  const { open, later } = setUp();
  const one = open();
  await one.hold(OLD, held('old'), consent(1, FIRST));
  await one.hold(NEW, held('new'), consent(2, SECOND));
  const there = new Set(['old']);
  const sweep = () => one.sweep(async ({ uid }) => there.has(uid));
  const known = async () => (await open().consents())(SECOND).length;
  await sweep();
  later(100 * DAY_MS);
  await sweep();
  assert.equal(await known(), 1, 'what it stands against is there');
  there.clear();
  await sweep();
  assert.equal(await known(), 1);
  later(8 * DAY_MS);
  await sweep();
  assert.equal(await known(), 0);
});

test('what is of this week is kept, for its signature may be about to count', async () => {
  const { client, open, later } = setUp();
  const one = open();
  await one.hold(OLD, held('u1'), NOTHING);
  await one.sweep(async () => false);
  later(7 * DAY_MS);
  const fake = client as unknown as FakeClient;
  fake.fault = (verb) => {
    if (verb === 'replace') throw new KubeError('Unavailable', 'It is away.');
  };
  await assert.rejects(one.hold(NEW, held('u2'), consent(DAY_MS, SECOND)), /It is away/);
  fake.fault = () => {};
  later();
  await one.sweep(async () => true);
  assert.equal((await open().consents())(SECOND).length, 1);
});

test('where what a counted signature consents to is gone or cannot be understood, nothing can be told of consents', async () => {
  const { client, open, later } = setUp();
  const one = open();
  await one.hold(OLD, held('u1'), consent(1, FIRST));
  const ref = { namespace: NAMESPACE, name: verifierObjects.consents[10]! };
  const { metadata } = await client.get(MAPS, ref);
  const { resourceVersion } = await client.replace(MAPS, { metadata, data: {} }).then((made) => made.metadata);
  await assert.rejects(open().consents(), /a{64} consents to is not in the ConfigMaps/);
  await client.replace(MAPS, { metadata: { ...ref, resourceVersion }, data: { [OLD]: '{"signedAt":1}' } } as never);
  later();
  await assert.rejects(open().consents(), /cannot be understood; rig:root mends it/);
});

test('of what an older verifier kept it is not known which branch it was for', async () => {
  const { client, open } = setUp();
  await open().hold(OLD, held('u1'), consent(1, FIRST));
  const { metadata, data } = await client.get(MAPS, { namespace: NAMESPACE, name: verifierObjects.consents[10]! });
  const older = data[OLD]!.replace('"baseBranch":"main",', '');
  const { metadata: now } = await client.replace(MAPS, { metadata, data: { [OLD]: older } } as never);
  const [found] = (await open().consents())(FIRST);
  assert.deepEqual(found?.pull, { ...pull, baseBranch: null });
  const odd = data[OLD]!.replace('"main"', '7');
  await client.replace(MAPS, { metadata: now, data: { [OLD]: odd } } as never);
  await assert.rejects(open().consents(), /cannot be understood; rig:root mends it/);
});

test('a signature does not count where there is no room for what it consents to', async () => {
  const { open } = setUp();
  const one = open();
  const many = Array.from({ length: 26_000 }, (_, at) => `${at}`.padStart(64, '0'));
  await assert.rejects(one.hold(OLD, held('u1'), consent(1, ...many)), /consents-a has no room .* delete the oldest/);
  assert.equal((await one.standing()).counted(OLD), false);
});

test('what an older verifier wrote counts, and as long as it does nothing that was consented to is forgotten', async () => {
  const { client, open, later } = setUp();
  const metadata = { namespace: NAMESPACE, name: verifierObjects.signatures };
  await client.create(MAPS, { metadata, data: { [OLD]: JSON.stringify({ in: [held('u1')], revoked: false }) } });
  const one = open();
  await one.hold(NEW, held('u2'), consent(2, SECOND));
  assert.equal((await one.standing()).counted(OLD), true);
  const sweep = () => one.sweep(async ({ uid }) => uid === 'u1');
  await sweep();
  later(100 * DAY_MS);
  await sweep();
  assert.equal((await open().consents())(SECOND).length, 1);
});
