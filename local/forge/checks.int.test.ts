import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const ROLLUP = `query($number: Int!) { repository(owner: "acme", name: "widgets") { pullRequest(number: $number) {
  mergeable mergeStateStatus
  commits(last: 1) { nodes { commit { oid authors(first: 5) { nodes { email user { login } } } } } }
  baseRef { target { oid } compare(headRef: "main") { behindBy aheadBy status } }
  statusCheckRollup { state contexts(first: 10) { nodes { __typename
    ... on CheckRun { name status conclusion checkSuite { app { slug } commit { oid } } }
    ... on StatusContext { context state } } } }
} } }`;

async function rollup(number: number) {
  const { body } = await world.graphql('dev', ROLLUP, { number });
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data.repository.pullRequest;
}

test('checks of an App and statuses add up to the roll-up and the merge state', async () => {
  const sha = await world.branch('checked', 'changed\n', 'change\n\nCo-authored-by: Rev <reviewer@example.com>');
  const pull = await world.pull('checked');
  const runs = '/repos/acme/widgets/check-runs';
  assert.equal((await rollup(pull.number)).statusCheckRollup, null);
  await world.rest('dev', `POST ${runs}`, { name: 'lint', head_sha: sha }, 403);
  const { body: run } = await world.rest(
    'checker',
    `POST ${runs}`,
    { name: 'lint', head_sha: sha, status: 'in_progress' },
    201,
  );
  assert.equal(run.app.slug, 'checker');
  assert.equal((await rollup(pull.number)).statusCheckRollup.state, 'PENDING');
  assert.equal(
    (await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}`)).body.mergeable_state,
    'unstable',
  );
  const since = world.listener.received.length;
  await world.rest('checker', `PATCH ${runs}/${run.id}`, {
    conclusion: 'success',
    output: { title: 'ok', summary: 'fine' },
  });
  await world.listener.settled();
  assert.deepEqual(world.listener.names(since), ['check_run.completed', 'check_suite.completed']);
  await world.rest(
    'dev',
    `POST /repos/acme/widgets/statuses/${sha}`,
    { state: 'failure', context: 'deploy', description: 'no' },
    201,
  );
  const red = await rollup(pull.number);
  assert.equal(red.statusCheckRollup.state, 'FAILURE');
  await world.rest('dev', `POST /repos/acme/widgets/statuses/${sha}`, { state: 'success', context: 'deploy' }, 201);
  await world.listener.next('status');
  const green = await rollup(pull.number);
  assert.deepEqual(
    [green.statusCheckRollup.state, green.mergeStateStatus, green.mergeable],
    ['SUCCESS', 'CLEAN', 'MERGEABLE'],
  );
  assert.deepEqual(green.statusCheckRollup.contexts.nodes, [
    {
      __typename: 'CheckRun',
      name: 'lint',
      status: 'COMPLETED',
      conclusion: 'SUCCESS',
      checkSuite: { app: { slug: 'checker' }, commit: { oid: sha } },
    },
    { __typename: 'StatusContext', context: 'deploy', state: 'SUCCESS' },
  ]);
  assert.deepEqual(green.commits.nodes[0].commit.authors.nodes, [
    { email: 'dev@example.com', user: { login: 'dev' } },
    { email: 'reviewer@example.com', user: { login: 'reviewer' } },
  ]);
  assert.deepEqual(green.baseRef.compare, { behindBy: 0, aheadBy: 0, status: 'IDENTICAL' });
});

test('checks and statuses of a commit are listed, the latest of each name', async () => {
  const sha = await world.branch('listed', 'listed\n');
  const runs = '/repos/acme/widgets/check-runs';
  for (const conclusion of ['failure', 'success']) {
    await world.rest('checker', `POST ${runs}`, { name: 'unit', head_sha: sha, conclusion }, 201);
  }
  const { body: latest } = await world.rest('dev', `GET /repos/acme/widgets/commits/${sha}/check-runs`);
  assert.deepEqual([latest.total_count, latest.check_runs[0].conclusion], [1, 'success']);
  const { body: all } = await world.rest('dev', `GET /repos/acme/widgets/commits/${sha}/check-runs?filter=all`);
  assert.equal(all.total_count, 2);
  await world.rest('dev', `GET /repos/acme/widgets/commits/listed/check-suites`);
  await world.rest('dev', `GET ${runs}/${latest.check_runs[0].id}`);
  await world.rest('dev', `POST /repos/acme/widgets/statuses/${sha}`, { state: 'pending' }, 201);
  await world.rest('dev', `GET /repos/acme/widgets/commits/${sha}/statuses`);
  const { body: combined } = await world.rest('dev', `GET /repos/acme/widgets/commits/${sha}/status`);
  assert.deepEqual([combined.state, combined.total_count], ['pending', 1]);
});
