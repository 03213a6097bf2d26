import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { signJwt } from '../testing/jwt.ts';
import { World } from '../testing/world.ts';
import { servedOperations } from './index.ts';

let world: World;
before(async () => {
  world = await World.start({ ci: { command: 'true' } });
});
after(() => world.close());

const R = '/repos/acme/widgets';
const as =
  (login: string) =>
  async (operation: string, body?: unknown, expected?: number): Promise<ReturnType<typeof JSON.parse>> =>
    (await world.rest(login, operation, body, expected)).body;
const [dev, boss, reviewer, checker] = ['dev', 'boss', 'reviewer', 'checker'].map((login) => as(login)) as [
  ReturnType<typeof as>,
  ReturnType<typeof as>,
  ReturnType<typeof as>,
  ReturnType<typeof as>,
];

// Each request of these scenarios is checked against GitHub's OpenAPI document by the client, each delivery by the listener.

test('users, repositories and collaborators have GitHub’s shapes', async () => {
  for (const path of ['/user', '/user/repos', '/users/boss', '/apps/checker', '/rate_limit', R])
    await dev(`GET ${path}`);
  await boss(`PUT ${R}/collaborators/outsider`, { permission: 'triage' }, 204);
  await dev(`GET ${R}/collaborators`);
  await dev(`GET ${R}/collaborators/outsider`, undefined, 204);
  const role = await dev(`GET ${R}/collaborators/outsider/permission`);
  assert.deepEqual([role.permission, role.role_name], ['read', 'triage']);
  await boss(`DELETE ${R}/collaborators/outsider`, undefined, 204);
  await dev(`GET ${R}/collaborators/outsider`, undefined, 404);
});

test('what was done to issues is told newest first, with who did it, in GitHub’s shape', async () => {
  const { number } = await dev(`POST ${R}/issues`, { title: 'Old' }, 201);
  await boss(`POST ${R}/issues/${number}/labels`, { labels: ['told'] });
  await dev(`PATCH ${R}/issues/${number}`, { title: 'New', state: 'closed' });
  const events = await boss(`GET ${R}/issues/events?per_page=3`);
  const told = events.map((one: { event: string; actor: { login: string } }) => [one.event, one.actor.login]);
  assert.deepEqual(told, [
    ['closed', 'dev'],
    ['renamed', 'dev'],
    ['labeled', 'boss'],
  ]);
  assert.deepEqual([events[1].rename, events[2].label.name], [{ from: 'Old', to: 'New' }, 'told']);
  assert.ok(events.every((one: { issue: { number: number } }) => one.issue.number === number));
});

test('issues, comments and labels have GitHub’s shapes', async () => {
  const issue = await dev(`POST ${R}/issues`, { title: 'One', assignees: ['dev'] }, 201);
  const at = `${R}/issues/${issue.number}`;
  await boss(`POST ${R}/labels`, { name: 'bug', color: 'ff0000', description: 'broken' }, 201);
  await boss(`POST ${R}/labels`, { name: 'BUG' }, 422);
  for (const path of [`${R}/labels`, `${R}/labels/bug`, `${R}/issues`, at]) await dev(`GET ${path}`);
  const names = (labels: { name: string }[]) => labels.map((label) => label.name);
  assert.deepEqual(names(await dev(`POST ${at}/labels`, { labels: ['bug', 'new'] })), ['bug', 'new']);
  assert.deepEqual(names(await dev(`PUT ${at}/labels`, { labels: ['other'] })), ['other']);
  assert.deepEqual(names(await dev(`GET ${at}/labels`)), ['other']);
  assert.deepEqual(names(await dev(`DELETE ${at}/labels/other`)), []);
  await dev(`DELETE ${at}/labels`, undefined, 204);
  const comment = await dev(`POST ${at}/comments`, { body: 'First' }, 201);
  await dev(`PATCH ${R}/issues/comments/${comment.id}`, { body: 'Second' });
  await reviewer(`GET ${R}/issues/comments/${comment.id}`);
  for (const path of [`${at}/comments`, `${R}/issues/comments`])
    assert.equal((await dev(`GET ${path}`))[0].body, 'Second');
  await dev(`DELETE ${R}/issues/comments/${comment.id}`, undefined, 204);
  await dev(`PATCH ${at}`, { assignees: [], state: 'closed', state_reason: 'not_planned' });
});

test('refs, commits and contents have GitHub’s shapes', async () => {
  const head = await world.branch('shapes', 'one\ntwo\n');
  await dev(`POST ${R}/git/refs`, { ref: 'refs/heads/copy', sha: head }, 201);
  await dev(`PATCH ${R}/git/refs/heads/copy`, { sha: head });
  const branches = ['branches', 'branches/main', 'git/ref/heads/copy', 'git/matching-refs/heads/co'];
  const commits = ['commits', `commits/${head}`, 'compare/main...copy', 'contents/', 'contents/a.txt'];
  for (const path of [...branches, ...commits]) await dev(`GET ${R}/${path}`);
  await dev(`DELETE ${R}/git/refs/heads/copy`, undefined, 204);
});

test('pull requests, reviews and their comments have GitHub’s shapes', async () => {
  const head = await world.branch('pulled', 'one\n2\n');
  const { number } = await dev(`POST ${R}/pulls`, { title: 'Pull', head: 'pulled', base: 'main' }, 201);
  const at = `${R}/pulls/${number}`;
  await dev(`PATCH ${at}`, { title: 'Pulled', body: 'Text' });
  await dev(`POST ${at}/requested_reviewers`, { reviewers: ['reviewer'] }, 201);
  await dev(`GET ${at}/requested_reviewers`);
  await dev(`DELETE ${at}/requested_reviewers`, { reviewers: ['reviewer'] });
  const comments = [{ path: 'a.txt', line: 2, body: 'Why?' }];
  const review = await reviewer(`POST ${at}/reviews`, { event: 'REQUEST_CHANGES', comments }, 200);
  const [comment] = await dev(`GET ${at}/reviews/${review.id}/comments`);
  await dev(`POST ${at}/comments/${comment.id}/replies`, { body: 'So.' }, 201);
  await reviewer(`POST ${at}/comments`, { path: 'a.txt', line: 1, side: 'RIGHT', body: 'x', commit_id: head }, 201);
  const paths = [at, `${at}/files`, `${at}/commits`, `${at}/reviews`, `${at}/reviews/${review.id}`, `${at}/comments`];
  for (const path of [...paths, `${R}/pulls`, `${R}/pulls/comments/${comment.id}`]) await dev(`GET ${path}`);
  await boss(`PUT ${at}/reviews/${review.id}/dismissals`, { message: 'Fixed' });
  await dev(`GET ${at}/merge`, undefined, 404);
  await boss(`PUT ${at}/merge`, { sha: head });
  await dev(`GET ${at}/merge`, undefined, 204);
});

test('checks and statuses have GitHub’s shapes', async () => {
  const sha = await world.branch('checked', 'one\n3\n');
  const run = await checker(`POST ${R}/check-runs`, { name: 'lint', head_sha: sha }, 201);
  const output = { title: 'Lint', summary: 'Clean' };
  await checker(`PATCH ${R}/check-runs/${run.id}`, { status: 'completed', conclusion: 'neutral', output });
  const suites = ['', '/check-runs'].map((rest) => `check-suites/${run.check_suite.id}${rest}`);
  const lists = ['check-runs', 'check-suites', 'statuses', 'status'].map((rest) => `commits/${sha}/${rest}`);
  await dev(`POST ${R}/statuses/${sha}`, { state: 'success', context: 'c', target_url: 'https://example.com/x' }, 201);
  for (const path of [...suites, ...lists, `check-runs/${run.id}`]) await dev(`GET ${R}/${path}`);
  await dev(`POST ${R}/check-runs/${run.id}/rerequest`, undefined, 201);
  await world.listener.next('check_run', 'rerequested');
});

test('hooks and deliveries have GitHub’s shapes', async () => {
  const config = { url: 'http://127.0.0.1:9/', content_type: 'json' };
  const hook = await boss(`POST ${R}/hooks`, { name: 'web', config, active: false }, 201);
  const at = `${R}/hooks/${hook.id}`;
  await boss(`PATCH ${at}`, { events: ['push', 'issues'] });
  await boss(`POST ${at}/pings`, undefined, 204);
  for (const path of [`${R}/hooks`, at]) await boss(`GET ${path}`);
  const [delivery] = await boss(`GET ${at}/deliveries`);
  await boss(`GET ${at}/deliveries/${delivery.id}`);
  await boss(`POST ${at}/deliveries/${delivery.id}/attempts`, undefined, 202);
  await boss(`DELETE ${at}`, undefined, 204);
});

test('attestations have GitHub’s shapes', async () => {
  const sha256 = 'a'.repeat(64);
  const payload = Buffer.from(JSON.stringify({ subject: [{ name: 'change', digest: { sha256 } }] })).toString('base64');
  const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const dsseEnvelope = { payload, payloadType: 'application/vnd.in-toto+json', signatures: [] };
  const bundle = { mediaType, verificationMaterial: {}, dsseEnvelope };
  await dev(`POST ${R}/attestations`, { bundle }, 201);
  const { attestations } = await dev(`GET ${R}/attestations/sha256:${sha256}`);
  assert.deepEqual(
    attestations.map((one: { bundle: unknown }) => one.bundle),
    [bundle],
  );
});

test('deployments and their statuses have GitHub’s shapes', async () => {
  const deployment = await dev(`POST ${R}/deployments`, { ref: 'main', required_contexts: [] }, 201);
  const at = `${R}/deployments/${deployment.id}`;
  const status = await dev(`POST ${at}/statuses`, { state: 'inactive', description: 'Gone' }, 201);
  for (const path of [`${R}/deployments`, at, `${at}/statuses`, `${at}/statuses/${status.id}`])
    await dev(`GET ${path}`);
  await dev(`DELETE ${at}`, undefined, 204);
});

test('protection, rulesets and activity have GitHub’s shapes', async () => {
  const wanted = {
    required_status_checks: { strict: true, contexts: [], checks: [{ context: 'ci' }, { context: 'x', app_id: 1 }] },
    enforce_admins: null,
    required_pull_request_reviews: { bypass_pull_request_allowances: { users: ['boss'], apps: ['checker'] } },
    restrictions: { users: ['boss'], apps: ['checker'] },
  };
  await boss(`PUT ${R}/branches/shapes/protection`, wanted);
  await boss(`GET ${R}/branches/shapes/protection`);
  await boss(`DELETE ${R}/branches/shapes/protection`, undefined, 204);
  const names = { include: ['refs/heads/shapes'], exclude: [] };
  const bypass_actors = [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }];
  const rules = [{ type: 'deletion' }, { type: 'creation' }, { type: 'update' }];
  const fields = { name: 'shapes', enforcement: 'active', conditions: { ref_name: names }, bypass_actors, rules };
  const { id } = await boss(`POST ${R}/rulesets`, fields, 201);
  const paths = ['rulesets', `rulesets/${id}`, 'rules/branches/shapes', 'activity', 'branches/shapes'];
  for (const path of paths) await dev(`GET ${R}/${path}`);
  await boss(`PUT ${R}/rulesets/${id}`, { enforcement: 'disabled' });
  await boss(`DELETE ${R}/rulesets/${id}`, undefined, 204);
});

test('Apps and their installations have GitHub’s shapes', async () => {
  const { appId, privateKey } = (await world.admin('POST', '/apps/checker/keys', {})).body;
  await world.admin('PUT', '/apps/checker/webhook', { url: 'http://127.0.0.1:9/' });
  const { body: made } = await world.admin('POST', '/apps/checker/installations', { account: 'acme' });
  const now = Math.floor(Date.now() / 1000);
  const app = as(signJwt(privateKey, { iat: now, exp: now + 300, iss: appId }));
  const at = `/app/installations/${made.id}`;
  for (const path of ['/app', '/app/installations', at, `${R}/installation`]) await app(`GET ${path}`);
  await app(`PUT ${at}/suspended`, undefined, 204);
  await app(`DELETE ${at}/suspended`, undefined, 204);
  const [delivery] = await app('GET /app/hook/deliveries');
  assert.equal(delivery.event, 'installation');
  await app(`GET /app/hook/deliveries/${delivery.id}`);
  await app(`POST /app/hook/deliveries/${delivery.id}/attempts`, undefined, 202);
  const { token } = await app(`POST ${at}/access_tokens`, { repositories: ['widgets'] }, 201);
  await as(token)('GET /installation/repositories');
  await as(token)('DELETE /installation/token', undefined, 204);
  await app(`DELETE ${at}`, undefined, 204);
});

test('reactions have GitHub’s shapes', async () => {
  const { number } = await dev(`POST ${R}/issues`, { title: 'Liked' }, 201);
  const comment = await dev(`POST ${R}/issues/${number}/comments`, { body: 'Liked too' }, 201);
  const review = await anyReviewComment();
  for (const at of [`issues/${number}`, `issues/comments/${comment.id}`, `pulls/comments/${review.id}`]) {
    const { id } = await dev(`POST ${R}/${at}/reactions`, { content: 'heart' }, 201);
    await dev(`GET ${R}/${at}/reactions`);
    await dev(`DELETE ${R}/${at}/reactions/${id}`, undefined, 204);
  }
});

async function anyReviewComment(): Promise<{ id: number }> {
  for (const { number } of await dev(`GET ${R}/pulls?state=all`)) {
    const [found] = await dev(`GET ${R}/pulls/${number}/comments`);
    if (found !== undefined) return found;
  }
  return assert.fail('no pull request has a comment on a line');
}

test('the timeline of a pull request tells what was done, said and reviewed in order, each in GitHub’s shape', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'timeline', 'origin/main');
  await world.commit('work', 'timeline.txt', 'told\n', 'told');
  await world.git('work', 'push', '-q', world.remote('dev'), 'timeline');
  const { number } = await dev(`POST ${R}/pulls`, { title: 'Told', head: 'timeline', base: 'main', draft: true }, 201);
  const at = `${R}/issues/${number}`;
  await dev(`PATCH ${at}`, { assignees: ['dev'], title: 'Telling' });
  await dev(`POST ${R}/pulls/${number}/requested_reviewers`, { reviewers: ['reviewer'] }, 201);
  const ready =
    'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }';
  await world.graphql('dev', ready, { id: (await dev(`GET ${R}/pulls/${number}`)).node_id });
  await dev(`POST ${at}/comments`, { body: 'Said' }, 201);
  await reviewer(`POST ${R}/pulls/${number}/reviews`, { event: 'APPROVE' }, 200);
  const { sha } = await boss(`PUT ${R}/pulls/${number}/merge`, { merge_method: 'squash' });
  const events = await dev(`GET ${at}/events`);
  const names = (list: { event: string }[]) => list.map(({ event }) => event);
  const done = ['assigned', 'renamed', 'review_requested', 'ready_for_review', 'merged', 'closed'];
  assert.deepEqual(names(events).toSorted(), done.toSorted());
  const merged = events.find((one: { event: string }) => one.event === 'merged');
  assert.deepEqual([merged.commit_id, merged.actor.login], [sha, 'boss']);
  assert.equal((await dev(`GET ${R}/issues/events/${merged.id}`)).issue.number, number);
  const timeline = await dev(`GET ${at}/timeline`);
  assert.deepEqual(names(timeline).toSorted(), [...done, 'commented', 'reviewed'].toSorted());
});

test('repositories that are changed, given away and deleted have GitHub’s shapes', async () => {
  await world.admin('POST', '/repositories', { owner: 'acme', name: 'spare', collaborators: { boss: 'admin' } });
  await boss('PATCH /repos/acme/spare', { name: 'spared', description: 'Spared', private: true });
  await boss('POST /repos/acme/spared/transfer', { new_owner: 'boss' }, 202);
  await boss('DELETE /repos/boss/spared', undefined, 204);
});

test('every served operation was answered with success above, so each shape has been checked', async () => {
  await world.listener.settled();
  const shape = (operation: string) => operation.replaceAll(/\{[^}]*\}/g, '{}').replace('{}...{}', '{}');
  const seen = new Set([...world.succeeded].map(shape));
  // By-id lookup is no operation of GitHub's OpenAPI document.
  const served = servedOperations().filter((operation) => !operation.includes('/repositories/'));
  assert.deepEqual(
    served.filter((operation) => !seen.has(shape(operation))),
    [],
  );
});
