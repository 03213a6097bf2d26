import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Repository } from '#crds';
import { parseDelivery } from '#lib/forge';
import { KubeError, type KubeObject } from '#lib/kube';
import { fileLife, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant, repositoryObject } from '../api/objects.int-kit.ts';
import { forgeHost } from '../forges/forges.ts';
import { deploymentsOf, noteDeployment } from '../intake/deployments.ts';
import { Ancestry } from './ancestry.ts';
import { commitsOf } from './commits.int-kit.ts';
import { type Bench, deployerContract, type Which } from './contract.int-kit.ts';
import { ForgeDeployments } from './deployments/deployments.ts';
import { Flux } from './flux/flux.ts';
import type { Kustomization } from './flux/kustomization.ts';
import { none } from './none.ts';
import type { Delivery } from './port.ts';

let rig: TestConductor;
let commits: Readonly<Record<Which, string>>;
let repositoryID: number;

before(async () => {
  rig = await testConductor(fileLife);
  await applyTenant(rig);
  commits = await commitsOf(rig.world);
  repositoryID = (await rig.world.rest('boss', 'GET /repos/acme/widgets')).body.id;
});

function deliveryOf(deploy: object): Delivery {
  const repository = repositoryObject(rig, 'widgets', { deploy: deploy as Repository['spec']['deploy'] });
  const key = { host: forgeHost(repository), id: repositoryID };
  return { repository, key, mergeSHA: commits['the merge'], mergedAt: Date.now() };
}

/** The forge, which for a while cannot say how two commits stand to each other. */
let away = false;
const forges = {
  forRepository: async (repository: Repository) => {
    const account = await rig.conductor.forges.forRepository(repository);
    if (away) throw new Error('The forge does not answer.');
    return account;
  },
};
const blind = async <T>(during: () => Promise<T>) => {
  away = true;
  try {
    return await during();
  } finally {
    away = false;
  }
};
const shared = { sha: (which: Which) => commits[which], blind };

const AT = '/repos/acme/widgets/deployments';

/** Deploys as a program with its own account does, and says so; the conductor reads the list, as after lost deliveries. */
async function report(which: Which, state: string, environment = 'production', by = 'dev'): Promise<number> {
  const { world } = rig;
  const made = await world.rest(by, `POST ${AT}`, { ref: commits[which], environment, auto_merge: false }, 201);
  const body = { state, environment_url: 'https://shop.example.org/', description: `It is ${state}.` };
  await world.rest(by, `POST ${AT}/${made.body.id}/statuses`, body, 201);
  return made.body.id;
}

/** Each case has an environment of its own, so that none sees what another deployed. */
let environment = 0;
const deploymentsBench: Bench = {
  ...shared,
  name: 'deployments',
  deployer: () => new ForgeDeployments({ pool: rig.db.pool, forges, ancestry: new Ancestry(forges), now: Date.now }),
  delivery: () => deliveryOf({ kind: 'deployments', settings: { environment: `Case ${environment}` } }),
  deploy: async (which) => void (await report(which, 'success', `case ${environment}`)),
  fail: async (which) => void (await report(which, 'failure', `case ${environment}`)),
  reset: async () => {
    environment += 1;
  },
};

let kustomization: Kustomization | undefined;
const says = (which: Which, status: 'True' | 'False') => {
  const revision = `main@sha1:${commits[which]}`;
  const applied = status === 'True' ? revision : kustomization?.status?.lastAppliedRevision;
  kustomization = {
    metadata: { namespace: rig.namespace, name: 'shop', generation: 2 },
    status: {
      observedGeneration: 2,
      lastAttemptedRevision: revision,
      ...(applied === undefined ? {} : { lastAppliedRevision: applied }),
      conditions: [
        { type: 'Ready', status, observedGeneration: 2, reason: 'HealthCheckFailed', message: 'It timed out.' },
      ],
    },
  };
};
const client = {
  get: async <T extends KubeObject>() => {
    if (kustomization === undefined) throw new KubeError('NotFound', 'There is none.');
    return kustomization as unknown as T;
  },
};
const fluxBench: Bench = {
  ...shared,
  name: 'flux',
  deployer: () => new Flux({ client, ancestry: new Ancestry(forges), now: Date.now }),
  delivery: () => deliveryOf({ kind: 'flux', settings: { kustomization: 'shop' } }),
  deploy: async (which) => says(which, 'True'),
  fail: async (which) => says(which, 'False'),
  reset: async () => {
    kustomization = undefined;
  },
};

deployerContract(() => deploymentsBench, 'deployments, by the list of the loopback forge');
deployerContract(() => fluxBench, 'flux, by what is written in a Kustomization');
const nothing = 'it deploys nothing, so there is nothing that could be live or fail';
deployerContract(
  () => ({
    ...shared,
    name: 'none',
    deployer: () => none,
    delivery: () => deliveryOf({ kind: 'none' }),
    deploy: async () => {},
    fail: async () => {},
    reset: async () => {},
  }),
  'none',
  Object.fromEntries(
    [
      'the merge itself is live with the change in it',
      'a later commit that is live has the change in it, by its history',
      'the commit before is live without the change in it',
      'a commit beside is live without the change in it',
      'what was deployed last is live, also where that takes the change back',
      'a deployment of the change that failed is told, with a reason, and is not live',
      'a deployment without the change that failed is no failure of the change',
      'a success after the failure is live, and the failure is of the past',
      'asking twice gives the same answer',
      'what is in a revision cannot be asked: unknown, and never an error',
    ].map((title) => [title, nothing]),
  ),
);

test('deployments: the address is the one that the status names, and an inactive deployment is live no longer', async () => {
  environment += 1;
  const id = await report('the merge', 'success', `case ${environment}`);
  const { deployer, delivery } = deploymentsBench;
  const first = await deployer().observe(delivery());
  assert.ok(first.known);
  assert.equal(first.value.production.live?.url, 'https://shop.example.org/');
  await rig.world.rest('dev', `POST ${AT}/${id}/statuses`, { state: 'inactive' }, 201);
  const second = await deployer().observe(delivery());
  assert.ok(second.known);
  assert.equal(second.value.production.live, null);
  assert.match(second.value.production.says, /Deployment \d+ of [0-9a-f]{8} to Case \d+ is inactive\./);
});

test('deployments: where a reporter is named, what another account reports is not believed', async () => {
  environment += 1;
  await report('the merge', 'success', `case ${environment}`, 'reviewer');
  const named = (reporter: string) =>
    deliveryOf({ kind: 'deployments', settings: { environment: `case ${environment}`, reporter } });
  const by = async (reporter: string) => {
    const facts = await deploymentsBench.deployer().observe(named(reporter));
    assert.ok(facts.known);
    return facts.value.production.live?.contains ?? null;
  };
  assert.deepEqual([await by('dev'), await by('Reviewer')], [null, true]);
});

test('deployments: a state that somebody else adds to the deployment of the named reporter does not hide it', async () => {
  environment += 1;
  const id = await report('the merge', 'success', `case ${environment}`, 'reviewer');
  const status = { state: 'failure', environment_url: 'https://evil.example.org/', auto_inactive: false };
  await rig.world.rest('dev', `POST ${AT}/${id}/statuses`, status, 201);
  const settings = { environment: `case ${environment}`, reporter: 'reviewer' };
  const facts = await deploymentsBench.deployer().observe(deliveryOf({ kind: 'deployments', settings }));
  assert.ok(facts.known);
  const { live, failed } = facts.value.production;
  assert.deepEqual([live?.contains, live?.url, failed], [true, 'https://shop.example.org/', null]);
});

test('deployments: one that no delivery told is found behind a hundred previews, and behind later ones that failed', async () => {
  environment += 1;
  await report('the merge', 'success', `case ${environment}`);
  for (let n = 0; n < 6; n += 1) await report('a commit beside', 'failure', `case ${environment}`);
  for (let n = 0; n < 101; n += 1)
    await rig.world.rest('dev', `POST ${AT}`, { ref: commits['the merge'], environment: 'Preview', auto_merge: false });
  const settings = { environment: `case ${environment}` };
  const facts = await deploymentsBench.deployer().observe(deliveryOf({ kind: 'deployments', settings }));
  assert.ok(facts.known);
  assert.equal(facts.value.production.live?.contains, true);
});

test('deployments: many issues that are due at once ask the forge once', async () => {
  environment += 1;
  let asked = 0;
  const hub = {
    forRepository: async (repository: Repository) => {
      const account = await rig.conductor.forges.forRepository(repository);
      const deployments = async () => {
        asked += 1;
        return [];
      };
      return { ...account, forge: { ...account.forge, deployments } };
    },
  };
  const options = { pool: rig.db.pool, forges: hub, ancestry: new Ancestry(forges), now: Date.now };
  const deployer = new ForgeDeployments(options);
  const seen = await Promise.all(Array.from({ length: 16 }, () => deployer.observe(deploymentsBench.delivery())));
  assert.deepEqual([seen.every(({ known }) => known), asked], [true, 1]);
});

test('deployments: deliveries tell the same as the list, and a stage before production is told beside it', async () => {
  environment += 1;
  const since = rig.world.listener.received.length;
  await report('the merge', 'success', `stage ${environment}`);
  const { payload } = await rig.world.listener.next('deployment_status', 'created', since);
  const [update] = parseDelivery('deployment_status', payload).updates;
  assert.ok(update?.kind === 'deployment');
  const delivery = deliveryOf({
    kind: 'deployments',
    settings: { environment: `case ${environment}`, staging: `Stage ${environment}` },
  });
  await noteDeployment(rig.db.pool, delivery.key, update.facts);
  const told = await deploymentsOf(rig.db.pool, delivery.key, `STAGE ${environment}`, new Date(0));
  assert.ok(told.some(({ id }) => id === update.facts.id));
  const facts = await deploymentsBench.deployer().observe(delivery);
  assert.ok(facts.known);
  assert.deepEqual([facts.value.staging?.live?.contains, facts.value.production.live], [true, null]);
});

test('deployments: where the list could not be read for a quarter of an hour, what was told before is believed no more', async () => {
  environment += 1;
  await report('the merge', 'success', `case ${environment}`);
  let now = Date.now();
  let refused = false;
  const hub = {
    forRepository: async (repository: Repository) => {
      const account = await rig.conductor.forges.forRepository(repository);
      const deployments = () => Promise.reject(new Error('Resource not accessible by personal access token.'));
      return refused ? { ...account, forge: { ...account.forge, deployments } } : account;
    },
  };
  const deployer = new ForgeDeployments({
    pool: rig.db.pool,
    forges: hub,
    ancestry: new Ancestry(forges),
    now: () => now,
  });
  const delivery = deploymentsBench.delivery();
  assert.equal((await deployer.observe(delivery)).known, true);
  refused = true;
  now += 10 * 60_000;
  assert.equal((await deployer.observe(delivery)).known, true);
  now += 10 * 60_000;
  const stale = await deployer.observe(delivery);
  assert.match(stale.known ? '' : stale.why, /could not be told: Resource not accessible/);
  refused = false;
  now += 60_000;
  assert.equal((await deployer.observe(delivery)).known, true);
});

test('flux: a Kustomization of another namespace is looked at only if it says that it delivers this Repository', async () => {
  says('the merge', 'True');
  const elsewhere = deliveryOf({ kind: 'flux', settings: { kustomization: 'shop', namespace: 'flux-system' } });
  const before = await fluxBench.deployer().observe(elsewhere);
  assert.match(before.known ? '' : before.why, /does not carry the annotation rig\.dashecorp\.com\/delivers/);
  const annotations = { 'rig.dashecorp.com/delivers': `${rig.namespace}/widgets` };
  kustomization = { ...kustomization!, metadata: { ...kustomization!.metadata, annotations } };
  const after = await fluxBench.deployer().observe(elsewhere);
  assert.ok(after.known && after.value.production.live?.contains);
});

test('flux: a condition that speaks of an older spec, and a revision that is no commit, let nothing pass', async () => {
  says('the merge', 'True');
  kustomization!.metadata.generation = 3;
  const stale = await fluxBench.deployer().observe(fluxBench.delivery());
  assert.ok(stale.known);
  assert.deepEqual(
    [stale.value.production.live, stale.value.production.says],
    [null, `Kustomization ${rig.namespace}/shop has not been reconciled by Flux yet.`],
  );
  says('the merge', 'True');
  kustomization!.status!.lastAppliedRevision = `latest@sha256:${'a'.repeat(64)}`;
  const oci = await fluxBench.deployer().observe(fluxBench.delivery());
  assert.ok(oci.known);
  assert.equal(oci.value.production.live, null);
});
