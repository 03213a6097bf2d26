import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Issue, Repository } from '#crds';
import { type Condition, findCondition, type KubeClient, type KubeObject, SECRETS } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { until as untilShown } from '../../test/kit/cluster-wait.ts';
import { fileLife, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, forgeSecret, repositoryObject } from '../api/objects.int-kit.ts';
import { Forges } from '../forges/forges.ts';
import { IssueController } from '../issues/controller.ts';
import { REPOSITORIES } from '../objects.ts';
import { RepositoryController } from './controller.ts';
import { mustBeOpen, repositoryName } from './name.ts';
import { repositoryPolicy } from './policy.ts';

const enforcement = { kind: 'none', because: 'a test' };
let rig: TestConductor;
let repositories: RepositoryController;
let issues: IssueController;
/** Names of repositories that the forge hides. */
const hidden = new Set<string>();
const asked: string[] = [];
/** When the hour's calls are used up: seconds since 1970 of the reset. */
let usedUpUntil: number | null = null;
/** Added to the conductor's clock, in ms. */
let ahead = 0;

/** The forge, with a repository out of sight or its limit used up where a test says so. */
const watched: typeof fetch = async (input, init) => {
  const { pathname } = new URL(String(input));
  asked.push(pathname);
  const answer = limited(await fetch(input, init));
  if (!/\/repositories\/\d+$/.test(pathname) || answer.status !== 200) return answer;
  const { name } = (await answer.clone().json()) as { name: string };
  return hidden.has(name) ? Response.json({ message: 'Not Found' }, { status: 404 }) : answer;
};

function limited(answer: Response): Response {
  if (usedUpUntil === null) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries({ limit: 5_000, remaining: 0, reset: usedUpUntil }))
    headers.set(`x-ratelimit-${name}`, String(value));
  const body = answer.status === 304 ? null : answer.body;
  return new Response(body, { status: answer.status, headers });
}

before(async () => {
  rig = await testConductor(fileLife);
  const forges = new Forges(rig.client, { writeIntervalMs: 0, fetch: watched }, () => Date.now() + ahead);
  const taker = { take: async () => 'Noted.' };
  const following = { intake: taker, commands: taker, onAffected: () => undefined };
  const conductor = { ...rig.conductor, forges, now: () => Date.now() + ahead };
  repositories = new RepositoryController(conductor, silentLogger, following, { resyncMs: 3_600_000 });
  issues = new IssueController(conductor, silentLogger);
  rig.manager.start();
  await rig.client.create(SECRETS, forgeSecret(rig, 'forge-conductor', rig.world.tokens.get('boss')!));
  for (const name of ['moving', 'resting', 'leaving', 'installed'])
    await rig.world.admin('POST', '/repositories', {
      owner: 'acme',
      name,
      source: { path: `${rig.world.dir}/seed` },
      collaborators: { boss: 'admin' },
    });
  for (const { controller } of [repositories, issues]) {
    await controller.start();
    fileLife.after(() => controller.stop({ graceMs: 0 }));
  }
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
  return untilShown(`${name} is shown so`, () => {
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
  await rig.world.rest('boss', 'PATCH /repos/acme/moving', { name: 'moved' });
  await rig.world.rest('boss', 'POST /repos/acme/moved/transfer', { new_owner: 'boss' }, 202);
  await look('moving');
  const moved = await seen('moving', (repository) => condition(repository, 'Renamed') !== undefined);
  assert.deepEqual(repositoryName(moved), { owner: 'boss', name: 'moved' });
  assert.ok(isReady(moved) && policyOf(moved).known, 'work goes on');
  assert.match(
    condition(moved, 'Renamed')!.message,
    /calls it boss\/moved now, where spec says acme\/moving\. Calls follow it/,
  );
  assert.ok(
    asked.some((path) => path.includes('/repos/boss/moved/')),
    'calls name it as the forge does',
  );
  await rig.world.rest('boss', 'POST /repos/boss/moved/transfer', { new_owner: 'acme', new_name: 'moving' }, 202);
  await look('moving');
  await seen('moving', (repository) => condition(repository, 'Renamed') === undefined && isReady(repository));
});

test('an archived repository gets no work and no write until it is unarchived', async () => {
  await apply('resting');
  const open = await seen('resting', isReady);
  assert.doesNotThrow(() => mustBeOpen(open));
  await rig.world.rest('boss', 'PATCH /repos/acme/resting', { archived: true });
  await look('resting');
  const resting = await seen('resting', stalledBy('RepositoryArchived'));
  const policy = policyOf(resting);
  assert.ok(!policy.known);
  assert.match(
    policy.why,
    /acme\/resting is archived at the forge: unarchive it there to go on, or delete this Repository/,
  );
  assert.throws(() => mustBeOpen(resting), { name: 'Stalled', reason: 'RepositoryArchived' });
  await rig.world.rest('boss', 'PATCH /repos/acme/resting', { archived: false });
  await look('resting');
  await seen('resting', isReady);
});

test('a repository that was deleted keeps what is known of it, and goes on when it is back', async () => {
  await apply('leaving');
  const { status } = await seen('leaving', isReady);
  hidden.add('leaving');
  await look('leaving');
  const gone = await seen('leaving', stalledBy('RepositoryNotFound'));
  assert.match(condition(gone, 'Stalled')!.message, /has no repository acme\/leaving any more/);
  assert.deepEqual(gone.status?.forge, status?.forge);
  hidden.delete('leaving');
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

/** The hour's calls are used up for ten minutes, and the conductor has been told. Answers until when. */
async function useUp(name: string): Promise<string> {
  usedUpUntil = Math.ceil((Date.now() + ahead) / 1_000) + 600;
  const until = new Date(usedUpUntil * 1_000).toISOString().replace('.000Z', 'Z');
  await look(name);
  await seen(name, (repository) => condition(repository, 'RateLimited')?.message.includes(until) === true);
  usedUpUntil = null;
  return until;
}

test('calls that are used up are waited for, which a condition says, and nothing is asked until then', async () => {
  const name = 'leaving';
  await seen(name, isReady);
  const until = await useUp(name);
  const waiting = await seen(name, (repository) => condition(repository, 'RateLimited') !== undefined);
  assert.equal(condition(waiting, 'RateLimited')!.message, `It waits for the forge's rate limit until ${until}.`);
  assert.ok(isReady(waiting), 'a limit takes nothing from what is Ready');
  const before = asked.length;
  await look(name);
  await untilShown('it has looked', () => {
    const { ready, processing } = repositories.controller.depth();
    return ready + processing === 0;
  });
  assert.equal(asked.length, before, 'nothing is asked in vain');
  ahead += 601_000;
  await look(name);
  await seen(name, (repository) => condition(repository, 'RateLimited') === undefined && isReady(repository));
  assert.ok(asked.length > before);
});

test('WHY of an Issue says until when it waits for the rate limit, and after that it is filed', async () => {
  const until = await useUp('leaving');
  await applyIssue(rig, 'patient', { repositoryRef: { name: 'leaving' } });
  const issue = (shown: (issue: Issue) => boolean) =>
    untilShown('the Issue is shown so', () => {
      const found = rig.conductor.objects.issues.get(rig.namespace, 'patient');
      return found !== undefined && shown(found) ? found : undefined;
    });
  const waits = await issue(({ status }) => status?.why?.includes('rate limit') === true);
  assert.equal(waits.status?.why, `It waits for the forge's rate limit until ${until}.`);
  assert.equal(findCondition(waits.status?.conditions as Condition[], 'Ready')?.reason, 'RateLimited');
  ahead += 601_000;
  issues.poke({ namespace: rig.namespace, name: 'patient' });
  const filed = await issue(({ status }) => status?.number !== undefined);
  assert.equal(filed.status?.number, 1);
});
