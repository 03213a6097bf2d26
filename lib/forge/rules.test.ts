import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, scripted } from './doubles.ts';
import { createForge } from './github.ts';

const repo = { owner: 'o', name: 'n' };
const rule = (type: string, ruleset_id: number, parameters?: object) => ({
  type,
  ruleset_source_type: 'Repository',
  ruleset_source: 'o/n',
  ruleset_id,
  ...(parameters && { parameters }),
});

/** What the forge says of the branch's own protection; null for none, which everybody sees. */
type Protection = { readonly status: number; readonly body: object } | null;

/** A forge with these active rules and rulesets by id. */
function forgeWith(active: object[], sets: Record<number, object>, protection: Protection = null) {
  const { fetch, asked } = scripted(({ url }) => {
    const { pathname } = new URL(url);
    if (pathname.endsWith('/rules/branches/main')) return json(active);
    if (pathname.endsWith('/branches/main'))
      return json({
        name: 'main',
        protected: active.length > 0 || protection !== null,
        protection: { enabled: protection !== null },
      });
    if (pathname.endsWith('/branches/main/protection')) return json(protection!.body, protection!.status);
    if (pathname === '/apps/ci') return json({ id: 77, slug: 'ci' });
    if (pathname.startsWith('/apps/')) return json({ message: 'Not Found' }, 404);
    const id = Number(pathname.split('/').at(-1));
    return json({ id, name: `set-${id}`, ...sets[id] });
  });
  return { forge: createForge({ baseURL: 'https://api.forge.test', token: 't', fetch, retries: 0 }), asked };
}

test('who may bypass a ruleset is nobody only where the forge shows an empty list and does not count this identity', async () => {
  const bypass = async (set: object) => {
    const { forge } = forgeWith([rule('deletion', 1)], { 1: set });
    return (await forge.branchRules(repo, 'main', [])).rulesets[0]!.bypass;
  };
  assert.equal(await bypass({ bypass_actors: [], current_user_can_bypass: 'never' }), 'nobody');
  assert.equal(await bypass({ bypass_actors: [] }), 'nobody');
  assert.equal(await bypass({ bypass_actors: [], current_user_can_bypass: 'always' }), 'somebody');
  assert.equal(await bypass({ bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole' }] }), 'somebody');
  assert.equal(await bypass({ current_user_can_bypass: 'never' }), 'hidden');
  assert.equal(await bypass({ current_user_can_bypass: 'pull_requests_only' }), 'somebody');
  assert.equal(await bypass({}), 'hidden');
});

test('rules are told by ruleset, each read once, with the Apps of checks by slug and kinds nobody knows left out', async () => {
  const checks = [{ context: 'test', integration_id: 77 }, { context: 'lint', integration_id: 78 }, { context: 'any' }];
  const { forge, asked } = forgeWith(
    [
      rule('deletion', 1),
      rule('required_status_checks', 1, { required_status_checks: checks }),
      rule('pull_request', 2, { required_approving_review_count: 1, allowed_merge_methods: ['squash'] }),
      rule('from_the_future', 2),
    ],
    { 1: { bypass_actors: [], updated_at: '2026-03-01T00:00:00Z' }, 2: {} },
  );
  const { rulesets } = await forge.branchRules(repo, 'main', ['ci', 'gone']);
  assert.deepEqual(
    rulesets.map(({ id, deletion, checks: told }) => [id, deletion, told.map(({ app }) => app)]),
    [
      [1, true, ['ci', '#78', null]],
      [2, false, []],
    ],
  );
  assert.deepEqual(rulesets[1]?.pullRequest, {
    approvals: 1,
    dismissStale: false,
    codeOwners: false,
    lastPush: false,
    threads: false,
    mergeMethods: ['squash'],
  });
  const before = asked.length;
  await forge.branchRules(repo, 'main', ['ci']);
  assert.equal(asked.slice(before).filter(({ url }) => url.includes('/apps/')).length, 0, 'an App keeps its id');
});

test('a pull request rule without parameters, or with others than these, holds nothing that it does not say', async () => {
  const { forge } = forgeWith([rule('pull_request', 1, { required_approving_review_count: 'many' })], { 1: {} });
  const { pullRequest } = (await forge.branchRules(repo, 'main', [])).rulesets[0]!;
  assert.deepEqual([pullRequest?.approvals, pullRequest?.threads, pullRequest?.mergeMethods], [0, false, null]);
});

test('a branch protection that is no ruleset is told as the ruleset that would hold the same', async () => {
  const on = { enabled: true };
  const body = {
    enforce_admins: on,
    allow_deletions: { enabled: false },
    required_conversation_resolution: on,
    required_pull_request_reviews: { required_approving_review_count: 1, dismiss_stale_reviews: true },
    required_status_checks: {
      checks: [
        { context: 'test', app_id: 77 },
        { context: 'any', app_id: -1 },
      ],
    },
  };
  const told = async (change: object) => {
    const { forge } = forgeWith([], {}, { status: 200, body: { ...body, ...change } });
    const { rulesets, unread } = await forge.branchRules(repo, 'main', ['ci']);
    assert.deepEqual([rulesets.length, unread], [1, undefined]);
    return rulesets[0]!;
  };
  const { bypass, deletion, nonFastForward, pullRequest, checks } = await told({});
  assert.deepEqual([bypass, deletion, nonFastForward], ['nobody', true, true]);
  assert.deepEqual([pullRequest?.approvals, pullRequest?.dismissStale, pullRequest?.threads], [1, true, true]);
  assert.deepEqual(
    checks.map(({ app }) => app),
    ['ci', null],
  );
  assert.equal((await told({ enforce_admins: { enabled: false } })).bypass, 'somebody');
  const passing = { bypass_pull_request_allowances: { users: [{ id: 1 }], teams: [], apps: [] } };
  assert.equal((await told({ required_pull_request_reviews: passing })).bypass, 'somebody');
  assert.equal((await told({ required_pull_request_reviews: null })).pullRequest, null);
});

for (const [what, protection, unread] of [
  ['that is hidden from this identity is unread', { status: 403, body: { message: 'Resource not accessible' } }, true],
  ['that this identity is not to know of is unread', { status: 404, body: { message: 'Not Found' } }, true],
  ['that is not there is none', { status: 404, body: { message: 'Branch not protected' } }, undefined],
] as const)
  test(`a branch protection ${what}`, async () => {
    const { forge } = forgeWith([], {}, protection);
    assert.equal((await forge.branchRules(repo, 'main', [])).unread, unread);
  });
