import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeWorld } from './contract.ts';
import { linesWith, openPull, refused } from './contract-support.ts';
import type { RulesetRules } from './rules.ts';

const words = { method: 'squash', title: 'Merged by the contract', message: 'Because it passed.' } as const;
const MANY = 103;
const times = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Lists that are longer than a page of the forge's. */
export function contractOfPages(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));

  given('more checks, reviews and threads than one page holds are all read', async (at) => {
    const { number, sha, branch } = await openPull(at);
    for (const n of times(MANY)) await at.check(sha, `shard-${n}`, n === MANY - 1 ? 'failure' : 'success');
    const comment = { event: 'COMMENT', body: 'read', commitSHA: sha } as const;
    for (const _ of times(MANY - 1)) await at.reviewer.createReview(at.repo, number, { ...comment, comments: [] });
    const comments = times(MANY).map((n) => ({ path: 'a.txt', line: 2, body: `thread ${n}` }));
    await at.reviewer.createReview(at.repo, number, { ...comment, comments });
    const facts = await at.developer.pullRequest(at.repo, number, sha);
    const distinct = (list: readonly { id: string | number }[]) => new Set(list.map(({ id }) => id)).size;
    assert.deepEqual([facts.checks, facts.reviews, facts.threads].map(distinct), [MANY, MANY, MANY]);
    assert.deepEqual(
      facts.checks.filter(({ conclusion }) => conclusion === 'failure').map((check) => [check.name, check.branch]),
      [[`shard-${MANY - 1}`, branch]],
    );
    assert.ok(Object.values(facts.complete).every(Boolean));
  });
}

/** The ruleset of a branch of its own, so that the other cases of the contract merge as they like. */
export function contractOfRules(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));
  const branch = 'guarded';
  const rules: RulesetRules = {
    deletion: true,
    nonFastForward: true,
    pullRequest: {
      approvals: 1,
      dismissStale: true,
      codeOwners: false,
      lastPush: true,
      threads: true,
      mergeMethods: null,
    },
    checks: [{ name: 'unit', app: 'checker' }],
  };

  given('a branch without a ruleset has none, and a check is told with the branch it was started for', async (at) => {
    const opened = await openPull(at);
    await at.push(branch, linesWith('guarded'));
    assert.deepEqual(await at.developer.branchRules(at.repo, branch, []), { rulesets: [] });
    await at.check(opened.sha, 'unit', 'success');
    const { checks, mergeQueue } = await at.developer.pullRequest(at.repo, opened.number);
    assert.deepEqual([checks[0]?.branch, mergeQueue], [opened.branch, 'none']);
  });

  given('a ruleset is written once, read back as it was written, and set again by a second write', async (at) => {
    const first = await at.admin.putRuleset(at.repo, { name: 'rig', branch, rules });
    assert.equal(first.created, true);
    const { rulesets } = await at.admin.branchRules(at.repo, branch, ['checker']);
    const { updatedAt, ...read } = rulesets[0]!;
    assert.deepEqual([rulesets.length, read.pullRequest === null], [1, false]);
    assert.deepEqual(
      { ...read, pullRequest: { ...read.pullRequest, mergeMethods: null } },
      {
        id: first.id,
        name: 'rig',
        bypass: 'nobody',
        ...rules,
      },
    );
    assert.ok(updatedAt !== null);
    assert.deepEqual(await at.admin.putRuleset(at.repo, { name: 'rig', branch, rules: { ...rules, checks: [] } }), {
      id: first.id,
      created: false,
    });
    assert.deepEqual((await at.admin.branchRules(at.repo, branch, [])).rulesets[0]?.checks, []);
    await at.admin.putRuleset(at.repo, { name: 'rig', branch, rules });
  });

  given('who may bypass a ruleset is hidden from one who may not edit it, the rules are not', async (at) => {
    const { rulesets } = await at.developer.branchRules(at.repo, branch, ['checker']);
    assert.deepEqual(
      rulesets.map(({ bypass, deletion, checks }) => [bypass, deletion, checks]),
      [['hidden', true, rules.checks]],
    );
  });

  given('an App that was not asked about is told by its number', async (at) => {
    const { rulesets } = await at.developer.branchRules(at.repo, branch, ['no-such-app']);
    assert.match(rulesets[0]!.checks[0]!.app!, /^(checker|#\d+)$/);
  });

  given(
    'one without administration writes no ruleset, and no App is taken that the forge does not know',
    async (at) => {
      await refused(at.developer.putRuleset(at.repo, { name: 'rig', branch, rules }), 'Forbidden', 'NotFound');
      const unknown = { ...rules, checks: [{ name: 'unit', app: 'no-such-app' }] };
      await refused(at.admin.putRuleset(at.repo, { name: 'rig', branch, rules: unknown }), 'Validation');
      await refused(at.outsider.branchRules(at.repo, branch, []), 'NotFound', 'Forbidden');
    },
  );

  given('a merge that a ruleset does not let through is Refused in its words, and merges nothing', async (at) => {
    await at.push('rig/guarded/1', linesWith('wants in'));
    const opened = await at.developer.createPullRequest(at.repo, {
      head: 'rig/guarded/1',
      base: branch,
      title: 'Wants in',
      body: '',
    });
    const result = await at.developer.merge(at.repo, opened.number, { sha: opened.head.sha, ...words });
    assert.ok(!result.merged && result.code === 'Refused', JSON.stringify(result));
    assert.match(result.message, /\S/);
    assert.equal((await at.developer.pullRequest(at.repo, opened.number)).state, 'open');
  });
}
