import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Repository } from '#crds';
import { type Condition, findCondition, type KubeClient, type KubeObject, SECRETS } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { fileLife, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { forgeSecret, repositoryObject } from '../api/objects.int-kit.ts';
import { Forges } from '../forges/forges.ts';
import { REPOSITORIES } from '../objects.ts';
import { RepositoryController } from './controller.ts';
import { mustBeOpen, repositoryName } from './name.ts';
import { repositoryPolicy } from './policy.ts';

const enforcement = { kind: 'none', because: 'a test' };
let rig: TestConductor;
let repositories: RepositoryController;
/** What the forge says of a repository otherwise than it is; null: it is gone. */
const disguises = new Map<string, object | null>();
const asked: string[] = [];

/** The forge's answers about repositories, changed as a rename, an archiving or a deletion would. */
const disguised: typeof fetch = async (input, init) => {
  asked.push(new URL(String(input)).pathname);
  const served = String(input).replace('/repos/umbrella/moved', '/repos/acme/moving');
  const answer = await fetch(served, init);
  if (!/\/repositories\/\d+$|\/repos\/[^/]+\/[^/]+$/.test(new URL(String(input)).pathname) || !answer.ok) return answer;
  const body = (await answer.json()) as { name: string };
  const change = disguises.get(body.name);
  if (change === null) return Response.json({ message: 'Not Found' }, { status: 404 });
  return Response.json({ ...body, ...change }, { headers: { 'x-served': 'changed' } });
};

before(async () => {
  rig = await testConductor(fileLife);
  const forges = new Forges(rig.client, { writeIntervalMs: 0, fetch: disguised });
  const following = { intake: { take: async () => 'Noted.' }, onAffected: () => undefined };
  repositories = new RepositoryController({ ...rig.conductor, forges }, silentLogger, following, {
    resyncMs: 3_600_000,
  });
  rig.manager.start();
  await rig.client.create(SECRETS, forgeSecret(rig, 'forge-conductor', rig.world.tokens.get('boss')!));
  for (const name of ['moving', 'resting', 'leaving', 'installed'])
    await rig.world.admin('POST', '/repositories', {
      owner: 'acme',
      name,
      source: { path: `${rig.world.dir}/seed` },
      collaborators: { boss: 'admin' },
    });
  await repositories.controller.start();
  fileLife.after(() => repositories.controller.stop({ graceMs: 0 }));
});

const apply = (name: string, spec: object = {}) =>
  rig.client.create(
    REPOSITORIES,
    repositoryObject(rig, name, {
      name,
      cloneURL: `${rig.world.forge.url}/acme/${name}.git`,
      enforcement,
      ...spec,
    } as never),
  );

function seen(name: string, shown: (repository: Repository) => boolean): Promise<Repository & KubeObject> {
  return until(`${name} is shown so`, () => {
    const repository = rig.conductor.objects.repositories.get(rig.namespace, name);
    return repository !== undefined && shown(repository) ? repository : undefined;
  });
}

const condition = ({ status }: Repository, type: string) => findCondition(status?.conditions as Condition[], type);
const isReady = (repository: Repository) => condition(repository, 'Ready')?.status === 'True';
const stalledBy = (reason: string) => (repository: Repository) => condition(repository, 'Stalled')?.reason === reason;
const policyOf = (repository: Repository) => repositoryPolicy(repository, repository.metadata.name!, Date.now());

async function look(name: string): Promise<void> {
  repositories.poke(rig.conductor.objects.repositories.get(rig.namespace, name)!);
}

test('a repository that was renamed and transferred is followed by its id, and says so until it has its name back', async () => {
  await apply('moving');
  await seen('moving', isReady);
  disguises.set('moving', { name: 'moved', owner: { login: 'umbrella', id: 1 } });
  await look('moving');
  const moved = await seen('moving', (repository) => condition(repository, 'Renamed') !== undefined);
  assert.deepEqual(repositoryName(moved), { owner: 'umbrella', name: 'moved' });
  assert.ok(isReady(moved) && policyOf(moved).known, 'work goes on');
  assert.match(
    condition(moved, 'Renamed')!.message,
    /calls it umbrella\/moved now, where spec says acme\/moving\. Calls follow it/,
  );
  assert.ok(
    asked.some((path) => path.includes('/repos/umbrella/moved/')),
    'calls name it as the forge does',
  );
  disguises.delete('moving');
  await look('moving');
  await seen('moving', (repository) => condition(repository, 'Renamed') === undefined && isReady(repository));
});

test('an archived repository gets no work and no write until it is unarchived', async () => {
  await apply('resting');
  const open = await seen('resting', isReady);
  assert.doesNotThrow(() => mustBeOpen(open));
  disguises.set('resting', { archived: true });
  await look('resting');
  const resting = await seen('resting', stalledBy('RepositoryArchived'));
  const policy = policyOf(resting);
  assert.ok(!policy.known);
  assert.match(
    policy.why,
    /acme\/resting is archived at the forge: unarchive it there to go on, or delete this Repository/,
  );
  assert.throws(() => mustBeOpen(resting), { name: 'Stalled', reason: 'RepositoryArchived' });
  disguises.delete('resting');
  await look('resting');
  await seen('resting', isReady);
});

test('a repository that was deleted keeps what is known of it, and goes on when it is back', async () => {
  await apply('leaving');
  const { status } = await seen('leaving', isReady);
  disguises.set('leaving', null);
  await look('leaving');
  const gone = await seen('leaving', stalledBy('RepositoryNotFound'));
  assert.match(condition(gone, 'Stalled')!.message, /has no repository acme\/leaving any more/);
  assert.deepEqual(gone.status?.forge, status?.forge);
  disguises.delete('leaving');
  await look('leaving');
  await seen('leaving', isReady);
});

async function install(): Promise<{ id: number; data: Record<string, string> }> {
  const { world } = rig;
  await world.admin('POST', '/apps', { slug: 'conductor' });
  const { body: key } = await world.admin('POST', '/apps/conductor/keys', {});
  const permissions = { contents: 'write', issues: 'write', pull_requests: 'write', metadata: 'read', checks: 'read' };
  const { body } = await world.admin('POST', '/apps/conductor/installations', { account: 'acme', permissions });
  const data = { appId: String(key.appId), privateKey: key.privateKey, installationId: String(body.id) };
  return { id: body.id, data };
}

/** A Secret with the keys of an App. */
function appSecret(client: KubeClient, name: string, data: Record<string, string>): Promise<KubeObject> {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return client.create(SECRETS, { ...forgeSecret(rig, name, ''), data: Object.fromEntries(encoded) } as KubeObject);
}

test('an App’s installation stands in for a token; suspended or removed it says so, and goes on when it is back', async () => {
  const { id, data } = await install();
  await appSecret(rig.client, 'app', data);
  await apply('installed', { credentialsSecretRef: { name: 'app' } });
  await seen('installed', isReady);
  await rig.world.admin('PUT', `/installations/${id}/suspended`);
  await look('installed');
  const suspended = await seen('installed', stalledBy('InstallationSuspended'));
  assert.match(condition(suspended, 'Stalled')!.message, new RegExp(`installation ${id} of the App`));
  assert.ok(!policyOf(suspended).known, 'nothing is claimed');
  assert.throws(() => mustBeOpen(suspended), { reason: 'InstallationSuspended' });
  await rig.world.admin('DELETE', `/installations/${id}/suspended`);
  await look('installed');
  await seen('installed', isReady);
  await rig.world.admin('DELETE', `/installations/${id}`);
  await look('installed');
  const removed = await seen('installed', stalledBy('InstallationRemoved'));
  assert.match(condition(removed, 'Stalled')!.message, /install the App again, or correct installationId/);
});
