import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { annotations } from '#crds';
import { attestation, RULESET_NAME, ruleWish, wantedRules } from '#domain';
import { protectBranch } from '#lib/forge';
import { isConditionTrue, SECRETS } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { clusterLife } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { kstatusOf } from '../../test/kit/kstatus.ts';
import { AgentController } from '../agents/controller.ts';
import { clusterConductor, StatusWatch } from '../api/cluster.int-kit.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { agentObject, forgeSecret, repositoryObject } from '../api/objects.int-kit.ts';
import { AGENTS, REPOSITORIES } from '../objects.ts';
import { RepositoryController } from './controller.ts';

let rig: TestConductor;
let repositories: RepositoryController;
/** Why nothing may be done on the word of the database; null where it may. */
let behind: string | null = null;

before(async () => {
  rig = await clusterConductor();
  const intake = { take: async () => 'Noted.' };
  const conductor = { ...rig.conductor, mark: { behind: () => behind } };
  repositories = new RepositoryController(conductor, silentLogger, {
    intake,
    commands: intake,
    onAffected: () => undefined,
  });
  const agents = new AgentController(rig.conductor, silentLogger);
  rig.manager.start();
  await rig.client.create(SECRETS, forgeSecret(rig, 'forge-conductor', rig.world.tokens.get('boss')!));
  for (const { controller } of [repositories, agents]) {
    await controller.start();
    clusterLife.after(() => controller.stop({ graceMs: 0 }));
  }
  for (const name of ['gadgets', 'gizmos', 'tools', 'toys', 'empty', 'guarded', 'shared'])
    await rig.world.admin('POST', '/repositories', {
      owner: 'acme',
      name,
      ...(name === 'empty' ? {} : { source: { path: `${rig.world.dir}/seed` } }),
      collaborators: { boss: 'admin' },
    });
});

const at = (name: string, spec: object = {}) =>
  rig.client.create(
    REPOSITORIES,
    repositoryObject(rig, name, { name, cloneURL: `${rig.world.forge.url}/acme/${name}.git`, ...spec }),
  );
const ready = (object: {
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}) => object.status?.conditions?.find(({ type }) => type === 'Ready');
const watch = () => new StatusWatch(rig, REPOSITORIES);
const again = (name: string) => repositories.controller.enqueue(`${rig.namespace}/${name}`);

async function stalled(name: string, reason: string): Promise<string> {
  const object = await watch().until(reason, name, (seen) => ready(seen)?.reason === reason);
  assert.equal(ready(object)?.status, 'False');
  assert.deepEqual(await kstatusOf(object), [
    isConditionTrue(object.status?.conditions, 'Stalled') ? 'Failed' : 'InProgress',
  ]);
  return ready(object)!.message;
}

test('a Repository is found at the forge, and looking again asks and writes nothing', async () => {
  await at('widgets');
  const found = await watch().until('Ready', 'widgets', (object) => ready(object)?.status === 'True');
  assert.equal(found.status?.forge?.fullName, 'acme/widgets');
  assert.deepEqual(await kstatusOf(found), ['Current']);
  await until(
    'the cache has it',
    () => ready(rig.conductor.objects.repositories.get(rig.namespace, 'widgets')!)?.status === 'True',
  );
  const asked = async () => (await rig.world.admin('GET', '/requests')).body;
  const before = await asked();
  again('widgets');
  await until('the reconcile is over', () => {
    const { ready: due, processing } = repositories.controller.depth();
    return due + processing === 0;
  });
  assert.deepEqual(await asked(), before, 'a look that nothing but an issue caused costs the forge no request');
  const { metadata } = await rig.client.get(REPOSITORIES, { namespace: rig.namespace, name: 'widgets' });
  assert.equal(metadata.resourceVersion, found.metadata.resourceVersion);
});

test('of two Repositories for one forge repository the younger stands still and names the elder, until that is gone', async () => {
  await at('gadgets');
  await watch().until('Ready', 'gadgets', (object) => ready(object)?.status === 'True');
  // Ages are told in seconds; the uid would break a tie.
  const elder = rig.conductor.objects.repositories.get(rig.namespace, 'gadgets')!;
  await until('a second has passed', () => Date.now() > Date.parse(elder.metadata.creationTimestamp!) + 1_000);
  const key = { host: new URL(rig.world.forge.apiURL).host, id: elder.status!.forge!.repositoryID! };
  const known = () => rig.conductor.mirror.repository(rig.conductor.log.pool, key);
  const before = await known();
  const { defaultBranchSHA } = (before as Extract<typeof before, { known: true }>).value;
  const ref = { ref: 'refs/heads/elsewhere', sha: defaultBranchSHA };
  await rig.world.rest('boss', 'POST /repos/acme/gadgets/git/refs', ref, 201);
  const younger = { name: 'gadgets', cloneURL: `${rig.world.forge.url}/acme/gadgets.git`, defaultBranch: 'elsewhere' };
  await at('zz-younger', younger);
  const message = await stalled('zz-younger', 'DuplicateRepository');
  assert.deepEqual(await known(), before, 'what is known of the repository is its owner’s to say');
  assert.match(message, new RegExp(`Repository ${rig.namespace}/gadgets is older and owns acme/gadgets`));
  await rig.client.delete(REPOSITORIES, { namespace: rig.namespace, name: 'gadgets' });
  await watch().until('Ready', 'zz-younger', (object) => ready(object)?.status === 'True');
});

test('an elder Repository whose credentials cannot push owns nothing, and a younger one whose can is taken', async () => {
  await rig.client.create(SECRETS, forgeSecret(rig, 'reader', rig.world.tokens.get('outsider')!));
  const squatted = { name: 'shared', cloneURL: `${rig.world.forge.url}/acme/shared.git` };
  await at('aa-squatter', { ...squatted, credentialsSecretRef: { name: 'reader' } });
  assert.match(await stalled('aa-squatter', 'PushNotAllowed'), /may not push to acme\/shared/);
  const created = rig.conductor.objects.repositories.get(rig.namespace, 'aa-squatter')!.metadata.creationTimestamp!;
  await until('a second has passed', () => Date.now() > Date.parse(created) + 1_000);
  await at('shared', squatted);
  await watch().until('Ready', 'shared', (object) => ready(object)?.status === 'True');
});

test('a missing Secret is named, and the Repository goes on once it is there', async () => {
  await at('gizmos', { credentialsSecretRef: { name: 'late' } });
  assert.match(await stalled('gizmos', 'SecretMissing'), new RegExp(`Secret ${rig.namespace}/late does not exist`));
  await rig.client.create(SECRETS, forgeSecret(rig, 'late', rig.world.tokens.get('boss')!));
  again('gizmos');
  await watch().until('Ready', 'gizmos', (object) => ready(object)?.status === 'True');
});

test('a Secret for another host is not sent', async () => {
  await rig.client.create(SECRETS, forgeSecret(rig, 'elsewhere', rig.world.tokens.get('boss')!, 'github.example'));
  await at('tools', { credentialsSecretRef: { name: 'elsewhere' } });
  assert.match(await stalled('tools', 'SecretNotAllowed'), /may be sent to github\.example, not to 127\.0\.0\.1:\d+/);
});

test('credentials that the forge refuses, a repository it does not have, and a missing default branch each say so', async () => {
  await rig.client.create(SECRETS, forgeSecret(rig, 'wrong', 'ghp_thistokenisofnobody00000'));
  await at('toys', { credentialsSecretRef: { name: 'wrong' } });
  assert.match(await stalled('toys', 'CredentialsRefused'), /refuses the credentials for acme\/toys/);
  await at('nowhere');
  assert.match(await stalled('nowhere', 'RepositoryNotFound'), /no repository acme\/nowhere/);
  await at('empty');
  assert.match(await stalled('empty', 'RepositoryNotReady'), /has no branch main; push one/);
});

test('what the forge does not hold is named on the Repository, and a ruleset that a person wrote down is seen at once', async () => {
  const seen = watch();
  await at('guarded', { enforcement: { kind: 'ruleset', approvalApp: 'checker' } });
  const enforced = (object: { status?: { conditions?: { type: string; status: string }[] } }) =>
    object.status?.conditions?.find(({ type }) => type === 'GateEnforced')?.status;
  const open = await seen.until('not enforced', 'guarded', (object) => enforced(object) === 'False');
  assert.equal(open.status?.enforcement?.state, 'NotEnforced');
  assert.ok(
    open.status?.enforcement?.missing?.includes('main may be deleted'),
    JSON.stringify(open.status?.enforcement),
  );
  assert.deepEqual(await kstatusOf(open), ['Current']);
  const { forge } = await rig.conductor.forges.forRepository(open as never);
  const ruleset = { name: RULESET_NAME, branch: 'main', rules: wantedRules(ruleWish(open as never)) };
  const { seen: own } = await protectBranch(forge, { owner: 'acme', name: 'guarded' }, ruleset);
  const noted = { metadata: { annotations: { [annotations.ruleset]: attestation(own!) } } };
  await rig.client.patch(REPOSITORIES, { namespace: rig.namespace, name: 'guarded' }, noted);
  const held = await seen.until('enforced', 'guarded', (object) => enforced(object) === 'True');
  assert.deepEqual([held.status?.enforcement?.state, held.status?.enforcement?.missing], ['Enforced', []]);
});

test('a Repository is not listed into a database that is behind, and says so until it is not', async () => {
  const seen = watch();
  await seen.until('Ready', 'widgets', (object) => ready(object)?.status === 'True');
  const asked = async () => (await rig.world.admin('GET', '/requests')).body;
  const before = await asked();
  behind = 'The database is older than what was done.';
  const ref = { namespace: rig.namespace, name: 'widgets' };
  await rig.client.patch(REPOSITORIES, ref, { metadata: { annotations: { [annotations.sync]: 'now' } } });
  assert.equal(await stalled('widgets', 'DatabaseBehind'), behind);
  assert.deepEqual(await asked(), before);
  behind = null;
  again('widgets');
  await seen.until('Ready again', 'widgets', (object) => ready(object)?.status === 'True');
});

test('a forge that is away is waited for, and found again when it is back', async () => {
  const seen = watch();
  await seen.until('Ready', 'widgets', (object) => ready(object)?.status === 'True');
  await rig.world.forge.close();
  // An edited Repository is looked for at once; an unchanged one with the next listing.
  const ref = { namespace: rig.namespace, name: 'widgets' };
  await rig.client.patch(REPOSITORIES, ref, { spec: { blockLabels: ['later'] } });
  const away = await seen.until('away', 'widgets', (object) => ready(object)?.reason === 'ForgeUnreachable');
  assert.equal(away.status?.forge?.fullName, 'acme/widgets');
  await rig.world.open();
  await seen.until('Ready again', 'widgets', (object) => ready(object)?.status === 'True');
});

test('an Agent’s verdict reaches its status and follows an edit', async () => {
  const seen = new StatusWatch(rig, AGENTS);
  const object = agentObject(rig.namespace, 'dev-e', 'developer');
  await rig.client.create(AGENTS, object);
  await seen.until('Ready', 'dev-e', (agent) => ready(agent)?.reason === 'Accepted');
  await rig.client.patch(AGENTS, { namespace: rig.namespace, name: 'dev-e' }, { spec: { suspend: true } });
  const suspended = await seen.until('suspended', 'dev-e', (agent) => ready(agent)?.reason === 'AgentSuspended');
  assert.deepEqual(await kstatusOf(suspended), ['Current']);
});
