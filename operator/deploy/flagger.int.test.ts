import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { DeliveryFacts, Fact, StageFacts } from '#domain';
import { testCluster } from '../../test/kit/cluster.ts';
import { CANARIES, FlaggerHand, serveCanaries } from '../../test/kit/flagger/flagger.ts';
import { clusterConductor } from '../api/cluster.int-kit.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { applyTenant, repositoryObject } from '../api/objects.int-kit.ts';
import { Ancestry } from './ancestry.ts';
import { commitsOf } from './commits.int-kit.ts';
import { type Bench, deployerContract, type Which } from './contract.int-kit.ts';
import { withCanary } from './flagger/beside.ts';
import { Flagger } from './flagger/flagger.ts';

let rig: TestConductor;
let hand: FlaggerHand;
let commits: Readonly<Record<Which, string>>;
let away = false;
let turn = 0;
const name = () => `shop-${turn}`;

const forges = {
  forRepository: async (...args: Parameters<TestConductor['conductor']['forges']['forRepository']>) => {
    if (away) throw new Error('The forge does not answer.');
    return rig.conductor.forges.forRepository(...args);
  },
};

before(async () => {
  rig = await clusterConductor();
  await applyTenant(rig);
  commits = await commitsOf(rig.world);
  await serveCanaries(await testCluster(), rig.client, rig.namespace);
});

const deploy = (settings: Record<string, string>) =>
  ({ kind: 'flagger', settings, onFailure: 'reopen', timeoutMinutes: 60 }) as const;

const bench: Bench = {
  name: 'flagger',
  sha: (which) => commits[which],
  deployer: () => new Flagger({ client: rig.client, ancestry: new Ancestry(forges), now: Date.now }),
  delivery: () => ({
    repository: repositoryObject(rig, 'widgets', { deploy: deploy({ canary: name() }) }),
    key: { host: 'forge.example', id: 1 },
    mergeSHA: commits['the merge'],
    mergedAt: Date.now(),
  }),
  async deploy(which) {
    await hand.apply(commits[which]);
    await hand.succeed();
  },
  async fail(which) {
    await hand.apply(commits[which]);
    await hand.giveUp();
  },
  async blind(during) {
    away = true;
    return during().finally(() => {
      away = false;
    });
  },
  async reset() {
    turn += 1;
    hand = new FlaggerHand(rig.client, { namespace: rig.namespace, name: name() });
    await hand.make();
  },
};

const title = 'flagger, by its own definition of a Canary';
deployerContract(() => bench, title);

const observe = () => bench.deployer().observe(bench.delivery());
const stage = (facts: Fact<DeliveryFacts>): StageFacts => {
  assert.ok(facts.known, facts.known ? '' : facts.why);
  return facts.value.production;
};

test(`${title}: while it is analysed, waits, is promoted or finalised it is not live, and a sentence says where it stands`, async () => {
  await bench.reset();
  await bench.deploy('the commit before');
  await hand.apply(commits['the merge']);
  for (const phase of ['Progressing', 'Waiting', 'WaitingPromotion'] as const) {
    await hand.say(phase, { canaryWeight: 20 });
    const { live, failed, says } = stage(await observe());
    assert.deepEqual([live?.contains, failed], [false, null], phase);
    assert.match(
      says,
      new RegExp(`is ${phase} with 20 % of the traffic; ${commits['the merge'].slice(0, 8)} is tried`),
    );
  }
  await hand.promote();
  for (const phase of ['Promoting', 'Finalising'] as const) {
    await hand.say(phase);
    assert.equal(stage(await observe()).live, null, phase);
  }
  await hand.say('Succeeded');
  assert.equal(stage(await observe()).live?.contains, true);
});

test(`${title}: what failed before is no failure of a change that was applied since and that Flagger has not looked at`, async () => {
  await bench.reset();
  await bench.deploy('the commit before');
  await bench.fail('a commit beside');
  const past = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z/, 'Z');
  const message = 'Canary analysis failed, Deployment scaled to zero.';
  const failed = { type: 'Promoted', status: 'False', reason: 'Failed', message };
  await hand.say('Failed', { conditions: [{ ...failed, lastUpdateTime: past, lastTransitionTime: past }] });
  await hand.apply(commits['the merge']);
  // Flagger keeps a failed status up to date: of all its times, that of the condition alone stays what it was.
  await hand.say('Failed');
  assert.equal(stage(await observe()).failed, null);
});

test(`${title}: the same revision that is tried again and fails again is told as another failure`, async () => {
  await bench.reset();
  await bench.deploy('the commit before');
  await bench.fail('the merge');
  const first = stage(await observe()).failed;
  assert.equal(first?.aborted, true);
  assert.match(first.message, /^Canary analysis failed, Deployment scaled to zero\.$/);
});

test(`${title}: a Canary in another namespace is looked at only if it names the Repository`, async () => {
  await bench.reset();
  const elsewhere = {
    ...bench.delivery(),
    repository: {
      ...bench.delivery().repository,
      metadata: { ...bench.delivery().repository.metadata, namespace: 'tenant-b' },
      spec: { ...bench.delivery().repository.spec, deploy: deploy({ canary: name(), namespace: rig.namespace }) },
    },
  };
  const refused = await bench.deployer().observe(elsewhere);
  assert.match(
    refused.known ? '' : refused.why,
    /does not carry the annotation rig\.dashecorp\.com\/delivers: tenant-b\/widgets\./,
  );
  const annotations = { 'rig.dashecorp.com/delivers': 'tenant-b/widgets' };
  await rig.client.patch(CANARIES, { namespace: rig.namespace, name: name() }, { metadata: { annotations } });
  assert.equal((await bench.deployer().observe(elsewhere)).known, true);
});

test(`${title}: beside another deployer the change is live only where both say so, and what the Canary gives up is told`, async () => {
  await bench.reset();
  const deployed = { environment: 'flux', live: null, failed: null, says: 'Flux waits.' } as const;
  const at = (contains: boolean): StageFacts => ({
    ...deployed,
    live: { revision: commits['the merge'], contains, url: null, deployment: 'flux@1' },
  });
  const look = async (production: StageFacts) => {
    const flux = {
      observe: async () => ({ known: true, value: { staging: null, production }, observedAt: 1 }) as const,
    };
    return stage(await withCanary(flux, bench.deployer()).observe(bench.delivery()));
  };
  await bench.deploy('the commit before');
  assert.equal((await look(at(true))).live?.contains, false);
  await bench.deploy('the merge');
  assert.equal((await look(deployed)).live, null);
  assert.equal((await look(at(true))).live?.contains, true);
  await bench.fail('a later commit');
  assert.equal((await look(at(true))).failed?.revision, commits['a later commit']);
});
