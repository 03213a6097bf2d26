import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { startFlux, type TestFlux } from '../../test/kit/flux/flux.ts';
import { clusterConductor } from '../api/cluster.int-kit.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { applyTenant, repositoryObject } from '../api/objects.int-kit.ts';
import { Ancestry } from './ancestry.ts';
import { commitsOf } from './commits.int-kit.ts';
import { type Bench, deployerContract, type Which } from './contract.int-kit.ts';
import { Flux, KUSTOMIZATIONS } from './flux/flux.ts';
import type { Kustomization } from './flux/kustomization.ts';

let rig: TestConductor;
let flux: TestFlux;
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
  await seed();
  commits = await commitsOf(rig.world);
  flux = await startFlux(clusterLife, {
    cluster: await testCluster(),
    client: rig.client,
    namespace: rig.namespace,
  });
});

/** What every commit of this repository deploys: one ConfigMap, and one that is refused where the folder is `broken`. */
async function seed(): Promise<void> {
  const { world } = rig;
  const map = (title: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${title} }\ndata: { a: b }\n`;
  await world.git('work', 'checkout', '-q', '-B', 'main', 'origin/main');
  await world.commit('work', 'good/map.yaml', map('page'), 'deploy a map');
  await world.commit('work', 'broken/map.yaml', map('Not_A_Name'), 'deploy what is refused');
  await world.git('work', 'push', '-q', world.remote('dev'), 'main');
  await world.git('work', 'fetch', '-q', world.remote('dev'), '+refs/heads/main:refs/remotes/origin/main');
}

const read = (): Promise<Kustomization & { spec?: { path?: string } }> =>
  rig.client.get(KUSTOMIZATIONS, { namespace: rig.namespace, name: name() });
const readyOf = (object: Kustomization) => object.status?.conditions?.find(({ type }) => type === 'Ready');

/** One change at a time: a second one that waits in Flux's queue would make it look again, and be not ready meanwhile. */
async function settled(): Promise<void> {
  await until('Flux has looked', async () => {
    const object = await read();
    const { status = 'Unknown', observedGeneration } = readyOf(object) ?? {};
    return status !== 'Unknown' && observedGeneration === object.metadata.generation;
  });
}

/** Points the Kustomization at a folder, and its source at a commit; resolves when Flux itself has said what came of it. */
async function apply(which: Which, folder: 'good' | 'broken'): Promise<void> {
  const wanted = folder === 'good' ? 'True' : 'False';
  if ((await read()).spec?.path !== `./${folder}`) {
    const ref = { namespace: rig.namespace, name: name() };
    await rig.client.patch(KUSTOMIZATIONS, ref, { spec: { path: `./${folder}` } });
    await settled();
  }
  const { revision } = await flux.push(name(), join(rig.world.dir, 'work'), commits[which]);
  await until(`Flux says ${wanted} of ${which}`, async () => {
    const object = await read();
    const { status, observedGeneration } = readyOf(object) ?? {};
    return (
      status === wanted &&
      observedGeneration === object.metadata.generation &&
      object.status?.lastAttemptedRevision === revision &&
      // Flux writes its conditions before the rest of the status.
      (wanted === 'False' || object.status.lastAppliedRevision === revision)
    );
  });
}

const bench: Bench = {
  name: 'flux',
  sha: (which) => commits[which],
  deployer: () => new Flux({ client: rig.client, ancestry: new Ancestry(forges), now: Date.now }),
  delivery: () => ({
    repository: repositoryObject(rig, 'widgets', {
      deploy: { kind: 'flux', settings: { kustomization: name() }, onFailure: 'reopen', timeoutMinutes: 60 },
    }),
    key: { host: 'forge.example', id: 1 },
    mergeSHA: commits['the merge'],
    mergedAt: Date.now(),
  }),
  deploy: (which) => apply(which, 'good'),
  fail: (which) => apply(which, 'broken'),
  async blind(during) {
    away = true;
    return during().finally(() => {
      away = false;
    });
  },
  async reset() {
    turn += 1;
    await flux.add(name(), './good');
    await settled();
  },
};

deployerContract(() => bench, 'flux, by the real kustomize-controller');

test('flux, by the real kustomize-controller: a suspended Kustomization lets no later push pass, and says that it is suspended', async () => {
  await bench.reset();
  await bench.deploy('the commit before');
  await rig.client.patch(KUSTOMIZATIONS, { namespace: rig.namespace, name: name() }, { spec: { suspend: true } });
  await flux.push(name(), join(rig.world.dir, 'work'), commits['the merge']);
  const facts = await bench.deployer().observe(bench.delivery());
  assert.ok(facts.known);
  assert.notEqual(facts.value.production.live?.contains, true);
  assert.match(facts.value.production.says, /is suspended at main@sha1:/);
});

test('flux, by the real kustomize-controller: a source without an artifact is waited for and no failure', async () => {
  await bench.reset();
  const facts = await bench.deployer().observe(bench.delivery());
  assert.ok(facts.known);
  assert.deepEqual([facts.value.production.live, facts.value.production.failed], [null, null]);
  assert.match(facts.value.production.says, /is not ready \(ArtifactFailed\): Source artifact not found/);
});
