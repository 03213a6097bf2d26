import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const AT = '/repos/acme/widgets/deployments';
const DEPLOYER = '/repositories/acme/widgets/deployer';

async function deploy(fields: Record<string, unknown> = {}): Promise<ReturnType<typeof JSON.parse>> {
  return (await world.rest('dev', `POST ${AT}`, { ref: 'main', ...fields }, 201)).body;
}

const report = async (id: number, fields: Record<string, unknown>) =>
  (await world.rest('dev', `POST ${AT}/${id}/statuses`, fields, 201)).body;

const states = async (id: number): Promise<string[]> =>
  (await world.rest('dev', `GET ${AT}/${id}/statuses`)).body.map((status: { state: string }) => status.state);

async function pushMain(file: string): Promise<string> {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'main', 'origin/main');
  const sha = await world.commit('work', file, `<h1>${file}</h1>\n`, `add ${file}`);
  await world.git('work', 'push', '-q', world.remote('dev'), 'main');
  return sha;
}

test('a deployment and each report on it is one delivery, and lists filter by environment, newest first', async () => {
  await world.listener.settled();
  const since = world.listener.received.length;
  const first = await deploy({ environment: 'preview', payload: { by: 'hand' } });
  const second = await deploy({ environment: 'other' });
  const url = 'https://abc.example.com/';
  const status = await report(first.id, {
    state: 'success',
    environment_url: url,
    log_url: 'https://logs.example.com',
  });
  assert.deepEqual([status.environment_url, status.target_url], [url, 'https://logs.example.com']);
  const { payload } = await world.listener.next('deployment_status', 'created', since);
  assert.deepEqual([payload.deployment.id, payload.deployment_status.environment_url], [first.id, url]);
  assert.deepEqual(world.listener.names(since), [
    'deployment.created',
    'deployment.created',
    'deployment_status.created',
  ]);
  const listed = await world.rest('dev', `GET ${AT}?environment=preview`);
  assert.deepEqual(
    listed.body.map((each: { id: number }) => each.id),
    [first.id],
  );
  const all = await world.rest('dev', `GET ${AT}?per_page=1`);
  assert.deepEqual([all.body[0].id, all.headers.get('link')?.includes('rel="next"')], [second.id, true]);
  await world.rest('dev', `GET ${AT}/${first.id}/statuses/${status.id}`);
});

test('a success ends the earlier success of its environment, not one that is production, transient or told otherwise', async () => {
  const ended = await deploy({ environment: 'blue' });
  await report(ended.id, { state: 'success' });
  const transient = await deploy({ environment: 'blue', transient_environment: true });
  await report(transient.id, { state: 'success', auto_inactive: false });
  assert.deepEqual(await states(ended.id), ['success']);
  const failed = await deploy({ environment: 'blue' });
  await report(failed.id, { state: 'failure' });
  const last = await deploy({ environment: 'blue' });
  await report(last.id, { state: 'success' });
  assert.deepEqual(await states(ended.id), ['inactive', 'success']);
  assert.deepEqual(await states(transient.id), ['success']);
  assert.deepEqual(await states(failed.id), ['failure']);
  const production = await deploy();
  await report(production.id, { state: 'success' });
  const newer = await deploy();
  await report(newer.id, { state: 'success' });
  assert.deepEqual([production.production_environment, await states(production.id)], [true, ['success']]);
});

test('a deployment of a red commit, an unknown ref and a report that does not fit are refused as GitHub does', async () => {
  const sha = await world.branch('red', 'red\n');
  await world.rest('dev', `POST /repos/acme/widgets/statuses/${sha}`, { state: 'failure', context: 'unit' }, 201);
  const red = await world.rest('dev', `POST ${AT}`, { ref: 'red' }, 409);
  assert.equal(red.body.message, 'Conflict: Commit status checks failed for red.');
  await world.rest('dev', `POST ${AT}`, { ref: 'red', required_contexts: ['none'] }, 409);
  const { id } = await deploy({ ref: 'red', required_contexts: [] });
  await world.rest('dev', `POST ${AT}`, { ref: 'nowhere' }, 422);
  await world.rest('dev', `POST ${AT}/${id}/statuses`, { state: 'done' }, 422);
  await world.rest('dev', `POST ${AT}/${id}/statuses`, { state: 'success', description: 'x'.repeat(141) }, 422);
  await world.rest('dev', `POST ${AT}/${id}/statuses`, { state: 'success', environment_url: 'javascript:0' }, 422);
  await world.rest('outsider', `POST ${AT}`, { ref: 'main' }, 404);
  await world.rest('dev', `DELETE ${AT}/${id}`, undefined, 422);
  await report(id, { state: 'inactive' });
  await world.rest('dev', `DELETE ${AT}/${id}`, undefined, 204);
  await world.rest('dev', `GET ${AT}/${id}`, undefined, 404);
});

test('a push to the default branch is deployed once by the deployer, and its URL shows the commit', async () => {
  assert.equal((await world.admin('PUT', DEPLOYER, { environment: 'site' })).status, 204);
  await world.listener.settled();
  const since = world.listener.received.length;
  const sha = await pushMain('index.html');
  await world.listener.settled();
  const told = world.listener.received.slice(since).filter((each) => each.event === 'deployment_status');
  assert.deepEqual(
    told.map(({ payload }) => [payload.deployment.sha, payload.deployment_status.state]),
    [
      [sha, 'in_progress'],
      [sha, 'success'],
    ],
  );
  const { environment_url: url, creator } = told[1]!.payload.deployment_status;
  assert.equal(creator.login, 'rig-deployer[bot]');
  const shown = await fetch(url);
  assert.deepEqual([shown.headers.get('x-commit'), await shown.text()], [sha, '<h1>index.html</h1>\n']);
  assert.match(shown.headers.get('content-security-policy') ?? '', /^sandbox/);
  assert.equal((await fetch(`${url}nothing.html`)).status, 404);
  assert.equal((await fetch(`${url}..%2f..%2fforge.db`)).status, 404);
  const dsl =
    '{ repository(owner: "acme", name: "widgets") { deployments(last: 1, environments: ["site"]) { nodes { commitOid state latestStatus { state environmentUrl } } } } }';
  const { body } = await world.graphql('dev', dsl);
  assert.deepEqual(body.data.repository.deployments.nodes, [
    { commitOid: sha, state: 'ACTIVE', latestStatus: { state: 'SUCCESS', environmentUrl: url } },
  ]);
});

test('a deployment whose report is still due when the forge ends is reported once after the next start', async () => {
  const wanted = { environment: 'slow', url: 'https://{short}.example.com/', outcome: 'failure', delaySeconds: 0.4 };
  await world.admin('PUT', DEPLOYER, wanted);
  const since = world.listener.received.length;
  await pushMain('slow.html');
  await world.listener.settled();
  await world.forge.close();
  await world.open();
  const seen = await world.listener.next('deployment_status', 'created', since);
  assert.equal(seen.payload.deployment_status.state, 'in_progress');
  const { id } = seen.payload.deployment;
  const from = world.listener.received.indexOf(seen) + 1;
  const end = await world.listener.next('deployment_status', 'created', from);
  assert.deepEqual([end.payload.deployment_status.state, end.payload.deployment.id], ['failure', id]);
  await world.admin('DELETE', DEPLOYER);
  await world.listener.settled();
  const before = world.listener.received.length;
  await pushMain('undeployed.html');
  await world.listener.settled();
  assert.deepEqual(world.listener.names(before), ['push']);
  assert.deepEqual(await states(id), ['failure', 'in_progress']);
});
