import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
let count = 0;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const R = '/repos/acme/widgets';
const RULES = { name: 'main', enforcement: 'active', conditions: { ref_name: { include: ['~DEFAULT_BRANCH'] } } };
const REVIEW = {
  dismiss_stale_reviews_on_push: false,
  require_code_owner_review: false,
  require_last_push_approval: false,
  required_approving_review_count: 1,
  required_review_thread_resolution: false,
};

beforeEach(async () => {
  for (const { id } of (await world.rest('boss', `GET ${R}/rulesets`)).body) {
    await world.rest('boss', `DELETE ${R}/rulesets/${id}`, undefined, 204);
  }
});

const ruleset = async (rules: unknown[], fields: Record<string, unknown> = {}) =>
  (await world.rest('boss', `POST ${R}/rulesets`, { ...RULES, rules, ...fields }, 201)).body;
const reviewed = (parameters: Partial<typeof REVIEW>) => ({
  type: 'pull_request',
  parameters: { ...REVIEW, ...parameters },
});
const checked = (checks: unknown[], strict = false) => ({
  type: 'required_status_checks',
  parameters: { required_status_checks: checks, strict_required_status_checks_policy: strict },
});

/** A pull request of a branch of its own, one file over main. */
async function change(file = `f${++count}.txt`): Promise<ReturnType<typeof JSON.parse>> {
  const name = `branch-${++count}`;
  await world.git('work', 'fetch', '-q', 'origin', 'main');
  await world.git('work', 'checkout', '-q', '-B', name, 'origin/main');
  await world.commit('work', file, `${count}\n`, `change ${file}`);
  await world.git('work', 'push', '-q', world.remote('dev'), name);
  return world.pull(name);
}

const approve = (login: string, number: number) =>
  world.rest(login, `POST ${R}/pulls/${number}/reviews`, { event: 'APPROVE' }, 200);
const merge = async (number: number, status: number, fields: Record<string, unknown> = {}, login = 'dev') =>
  (await world.rest(login, `PUT ${R}/pulls/${number}/merge`, { merge_method: 'squash', ...fields }, status)).body
    .message;

async function stateOf(number: number): Promise<[string, string]> {
  const { body } = await world.rest('dev', `GET ${R}/pulls/${number}`);
  const query = `{ repository(owner: "acme", name: "widgets") { pullRequest(number: ${number}) { mergeStateStatus } } }`;
  const asked = await world.graphql('dev', query);
  return [body.mergeable_state, asked.body.data.repository.pullRequest.mergeStateStatus];
}

const refused = (...args: string[]) =>
  world.git('work', 'push', ...args).then(
    () => assert.fail('the push was taken'),
    (error: { stderr: string }) => error.stderr.replaceAll(/ +$/gm, ''),
  );

test('a required check counts from the App that is named, and until then the merge is blocked', async () => {
  const { body: app } = await world.admin('POST', '/apps', { slug: 'checker' });
  const made = await ruleset([checked([{ context: 'ci', integration_id: app.id }])]);
  const { payload } = await world.listener.next('repository_ruleset', 'created');
  assert.equal(payload.repository_ruleset.id, made.id);
  const pull = await change();
  assert.deepEqual(await stateOf(pull.number), ['blocked', 'BLOCKED']);
  const words = await merge(pull.number, 405);
  assert.equal(words, 'Repository rule violations found\n\nRequired status check "ci" is expected.\n\n');
  await world.rest('boss', `POST ${R}/statuses/${pull.head.sha}`, { state: 'success', context: 'ci' }, 201);
  assert.match(await merge(pull.number, 405, {}, 'boss'), /"ci" is expected/);
  const run = { name: 'ci', head_sha: pull.head.sha, status: 'in_progress' };
  const { body: started } = await world.rest('checker', `POST ${R}/check-runs`, run, 201);
  assert.match(await merge(pull.number, 405), /"ci" is pending/);
  await world.rest('checker', `PATCH ${R}/check-runs/${started.id}`, { conclusion: 'failure' });
  assert.match(await merge(pull.number, 405), /"ci" is failing/);
  await world.rest('checker', `POST ${R}/check-runs`, { ...run, status: 'completed', conclusion: 'success' }, 201);
  assert.deepEqual(await stateOf(pull.number), ['clean', 'CLEAN']);
  await merge(pull.number, 200);
});

test('a strict ruleset calls a branch without the tip of its base behind, and refuses to merge it', async () => {
  const stale = await change();
  const other = await change();
  await merge(other.number, 200);
  assert.equal((await stateOf(stale.number))[0], 'clean');
  await ruleset([checked([], true)]);
  assert.deepEqual(await stateOf(stale.number), ['behind', 'BEHIND']);
  assert.match(await merge(stale.number, 405), /not up to date with the base branch/);
});

test('reviews: the count, a dismissal by a push, the last pusher, code owners and open conversations', async () => {
  await ruleset([
    reviewed({
      dismiss_stale_reviews_on_push: true,
      require_last_push_approval: true,
      required_review_thread_resolution: true,
    }),
  ]);
  const pull = await change();
  assert.match(
    await merge(pull.number, 405),
    /At least 1 approving review is required by reviewers with write access\./,
  );
  await approve('reviewer', pull.number);
  const since = world.listener.received.length;
  await world.commit('work', 'more.txt', 'more\n', 'more');
  await world.git('work', 'push', '-q', world.remote('reviewer'), 'HEAD');
  await world.listener.next('pull_request_review', 'dismissed', since);
  await approve('reviewer', pull.number);
  assert.match(await merge(pull.number, 405), /approval from someone other than the last pusher/);
  await approve('boss', pull.number);
  const comments = [{ path: 'more.txt', line: 1, body: 'Why?' }];
  await world.rest('reviewer', `POST ${R}/pulls/${pull.number}/reviews`, { event: 'COMMENT', comments }, 200);
  assert.match(await merge(pull.number, 405), /A conversation must be resolved/);
  const threads = `{ repository(owner: "acme", name: "widgets") { pullRequest(number: ${pull.number}) { reviewDecision reviewThreads(first: 1) { nodes { id } } } } }`;
  const { reviewDecision, reviewThreads } = (await world.graphql('dev', threads)).body.data.repository.pullRequest;
  assert.equal(reviewDecision, 'APPROVED');
  const resolve = 'mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }';
  await world.graphql('dev', resolve, { id: reviewThreads.nodes[0].id });
  await merge(pull.number, 200);
});

test('a code owner of a changed file has to approve, by the base branch’s CODEOWNERS', async () => {
  const owners = await change('CODEOWNERS');
  await world.commit('work', 'CODEOWNERS', '/owned/ @boss @outsider\n', 'owners');
  await world.git('work', 'push', '-q', world.remote('dev'), 'HEAD');
  await merge(owners.number, 200);
  await ruleset([reviewed({ require_code_owner_review: true })]);
  const pull = await change('owned/file.txt');
  await approve('reviewer', pull.number);
  assert.match(await merge(pull.number, 405), /Waiting on code owner review from @boss\./);
  await approve('boss', pull.number);
  await merge(pull.number, 200);
});

test('a push that rules forbid is refused in GitHub’s words and moves nothing, for admins too', async () => {
  const { body: main } = await world.rest('dev', `GET ${R}/branches/main`);
  const rules = [{ type: 'deletion' }, { type: 'non_fast_forward' }, { type: 'required_linear_history' }];
  const made = await ruleset([...rules, reviewed({})]);
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'direct', 'origin/main');
  await world.commit('work', 'direct.txt', 'd\n', 'direct');
  const direct = await refused(world.remote('boss'), 'HEAD:main');
  assert.match(direct, /remote: error: GH013: Repository rule violations found for refs\/heads\/main\.\n/);
  assert.match(direct, /remote: - Changes must be made through a pull request\.\n/);
  await world.git(
    'work',
    'commit',
    '-q',
    '--amend',
    '--allow-empty',
    '--no-edit',
    '--reset-author',
    '--date=2001-01-01T00:00:00Z',
  );
  await world.git('work', 'reset', '-q', '--hard', 'HEAD~2');
  await world.commit('work', 'other.txt', 'o\n', 'other');
  assert.match(await refused('--force', world.remote('boss'), 'HEAD:main'), /- Cannot force-push to this branch\n/);
  assert.match(await refused(world.remote('boss'), ':main'), /- Cannot delete this branch\n/);
  await world.rest('boss', `PATCH ${R}/git/refs/heads/main`, { sha: main.commit.parents[0].sha, force: true }, 422);
  const { body } = await world.rest('boss', `DELETE ${R}/git/refs/heads/main`, undefined, 422);
  assert.match(body.message, /Cannot delete this branch/);
  await world.git('work', 'push', '-q', world.remote('dev'), 'HEAD:refs/heads/free');
  assert.equal((await world.rest('dev', `GET ${R}/branches/main`)).body.commit.sha, main.commit.sha);
  const { body: rulesNow } = await world.rest('dev', `GET ${R}/rules/branches/main`);
  assert.deepEqual(
    rulesNow.map((rule: { type: string; ruleset_id: number }) => [rule.type, rule.ruleset_id]),
    [
      ['deletion', made.id],
      ['non_fast_forward', made.id],
      ['required_linear_history', made.id],
      ['pull_request', made.id],
    ],
  );
  assert.deepEqual((await world.rest('dev', `GET ${R}/rules/branches/free`)).body, []);
});

test('a merge method, a merge queue and linear history refuse the merge; evaluating or bypassed rules do not', async () => {
  const pull = await change();
  const methods = { ...REVIEW, required_approving_review_count: 0, allowed_merge_methods: ['rebase'] };
  const made = await ruleset([{ type: 'pull_request', parameters: methods }, { type: 'required_linear_history' }]);
  assert.match(await merge(pull.number, 405), /Squash merges are not allowed on this branch/);
  assert.match(
    await merge(pull.number, 405, { merge_method: 'merge' }),
    /Merge commits are not allowed on this branch/,
  );
  await world.rest('boss', `PUT ${R}/rulesets/${made.id}`, { rules: [{ type: 'merge_queue' }] });
  assert.match(await merge(pull.number, 405), /Changes must be made through the merge queue/);
  const queue = `{ repository(owner: "acme", name: "widgets") { pullRequest(number: ${pull.number}) { isInMergeQueue isMergeQueueEnabled mergeQueueEntry { position } autoMergeRequest { enabledAt } } } }`;
  const { body } = await world.graphql('dev', queue);
  const { pullRequest } = body.data.repository;
  assert.deepEqual(pullRequest, {
    isInMergeQueue: false,
    isMergeQueueEnabled: true,
    mergeQueueEntry: null,
    autoMergeRequest: null,
  });
  const bypass = [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'pull_request' }];
  await world.rest('boss', `PUT ${R}/rulesets/${made.id}`, { bypass_actors: bypass });
  assert.match(await refused(world.remote('boss'), '--force', 'HEAD:main'), /merge queue/);
  assert.equal((await world.rest('dev', `GET ${R}/rulesets/${made.id}`)).body.bypass_actors, undefined);
  assert.match(await merge(pull.number, 405), /merge queue/);
  await merge(pull.number, 200, {}, 'boss');
  const next = await change();
  await world.rest('boss', `PUT ${R}/rulesets/${made.id}`, { bypass_actors: [], enforcement: 'evaluate' });
  await merge(next.number, 200);
});

test('classic protection asks the same in its own words, holds admins only if told, and is taken away again', async () => {
  const at = `${R}/branches/main/protection`;
  await world.rest('boss', `GET ${at}`, undefined, 404);
  await world.rest('dev', `GET ${at}`, undefined, 404);
  const wanted = {
    required_status_checks: { strict: false, contexts: ['ci'] },
    enforce_admins: true,
    required_pull_request_reviews: { required_approving_review_count: 1 },
    restrictions: { users: ['reviewer'], teams: [], apps: [] },
  };
  await world.rest('boss', `PUT ${at}`, wanted);
  await world.listener.next('branch_protection_rule', 'created');
  const { body: branch } = await world.rest('dev', `GET ${R}/branches/main`);
  assert.deepEqual([branch.protected, branch.protection.required_status_checks.contexts], [true, ['ci']]);
  const pull = await change();
  const words =
    'Required status check "ci" is expected. At least 1 approving review is required by reviewers with write access.';
  assert.equal(await merge(pull.number, 405, {}, 'boss'), words);
  const pushed = await refused(world.remote('dev'), 'HEAD:main');
  assert.match(pushed, /remote: error: GH006: Protected branch update failed for refs\/heads\/main\.\n/);
  assert.match(pushed, /- You're not authorized to push to this branch\.\n/);
  await world.rest('boss', `PUT ${at}`, { ...wanted, enforce_admins: false });
  await world.listener.next('branch_protection_rule', 'edited');
  await merge(pull.number, 405);
  await merge(pull.number, 200, {}, 'boss');
  await world.rest('boss', `DELETE ${at}`, undefined, 204);
  await world.listener.next('branch_protection_rule', 'deleted');
  await merge((await change()).number, 200);
});

test('a rule that is not enforced here is 501 with its name, one that does not fit 422, a second name 422', async () => {
  const signed = { ...RULES, rules: [{ type: 'required_signatures' }] };
  const { body } = await world.rest('boss', `POST ${R}/rulesets`, signed, 501);
  assert.match(body.message, /rules of type required_signatures$/);
  await world.rest('boss', `POST ${R}/rulesets`, { ...RULES, rules: [{ type: 'pull_request' }] }, 422);
  await ruleset([]);
  await world.rest('boss', `POST ${R}/rulesets`, RULES, 422);
  await world.rest('dev', `POST ${R}/rulesets`, RULES, 404);
});

test('who changed a branch how is told by the repository’s activity, newest first', async () => {
  const pull = await change();
  await merge(pull.number, 200, {}, 'boss');
  const { body: merges } = await world.rest('dev', `GET ${R}/activity?activity_type=pr_merge&ref=main&per_page=1`);
  const [{ before, actor }] = merges;
  assert.deepEqual([before, actor.login], [pull.base.sha, 'boss']);
  const { body: mine } = await world.rest('dev', `GET ${R}/activity?ref=${pull.head.ref}&actor=dev&time_period=day`);
  assert.deepEqual(
    mine.map((each: { activity_type: string; after: string }) => [each.activity_type, each.after]),
    [['branch_creation', pull.head.sha]],
  );
  const first = await world.rest('dev', `GET ${R}/activity?per_page=2`);
  const next = /<([^>]*)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1]?.slice(world.forge.apiURL.length);
  const second = await world.rest('dev', `GET ${next}`);
  assert.ok(second.body[0].id < first.body[1].id);
});
