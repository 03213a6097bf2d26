import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifierObjects } from '#crds';
import { CONFIG_MAPS, type KubeClient, type KubeObject, type Resource } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { PassedHeads } from './passed.ts';

const MAPS = CONFIG_MAPS as Resource<KubeObject & { data: Record<string, string> }>;
const NAMESPACE = 'rig-verifier';
const [ONE, TWO] = ['1', '2'].map((digit) => digit.repeat(40)) as [string, string];
const still = () => {};

function setUp() {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  return { client, open: () => new PassedHeads(client, NAMESPACE, () => 0) };
}

test('a head that was let through is known after a restart, with every pull request that had it, until it is dropped', async () => {
  const { open } = setUp();
  await open().note(7, { sha: ONE, pulls: [1] });
  await open().note(7, { sha: ONE, pulls: [1, 2] });
  await open().note(8, { sha: TWO, pulls: [3] });
  assert.deepEqual(await open().of(7), [{ sha: ONE, pulls: [1, 2] }]);
  await open().drop(7, ONE, still);
  await open().drop(7, ONE, still);
  assert.deepEqual([await open().of(7), await open().of(8)], [[], [{ sha: TWO, pulls: [3] }]]);
});

test('what another replica wrote down is known to one that begins to lead', async () => {
  const { open } = setUp();
  const [one, two] = [open(), open()];
  await one.note(7, { sha: ONE, pulls: [1] });
  await two.drop(7, ONE, still);
  one.forgetAll();
  await one.note(7, { sha: ONE, pulls: [1] });
  assert.deepEqual(await open().of(7), [{ sha: ONE, pulls: [1] }]);
});

test('a replica that leads no more drops nothing', async () => {
  const { open } = setUp();
  await open().note(7, { sha: ONE, pulls: [1] });
  const gone = () => {
    throw new Error('another leads');
  };
  await assert.rejects(open().drop(7, ONE, gone), /another leads/);
  assert.equal((await open().of(7)).length, 1);
});

test('where a head that was let through cannot be understood, nothing can be told of any', async () => {
  const { client, open } = setUp();
  const metadata = { namespace: NAMESPACE, name: verifierObjects.heads };
  await client.create(MAPS, { metadata, data: { [`7.${ONE}`]: '{"pulls":"all"}' } });
  await assert.rejects(open().of(7), /cannot be understood/);
  await assert.rejects(open().note(7, { sha: TWO, pulls: [1] }), /cannot be understood/);
});
