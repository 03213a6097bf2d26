import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeWorld } from './contract.ts';
import { linesWith, openPull, refused } from './contract-support.ts';

const words = { method: 'squash', title: 'Merged by the contract', message: 'Because it passed.' } as const;

export function contractOfPullRequests(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));

  given('a pull request is opened once for a branch and found by it', async (at) => {
    const { branch, sha, ...made } = await openPull(at);
    assert.deepEqual([made.state, made.head.ref, made.head.sha, made.base.ref], ['open', branch, sha, 'main']);
    assert.equal(made.head.repositoryId, made.base.repositoryId);
    assert.deepEqual(await at.developer.findPullRequestByHead(at.repo, branch), made);
    assert.equal(await at.developer.findPullRequestByHead(at.repo, 'rig/none'), null);
    const again = { head: branch, base: 'main', title: 'again', body: '' };
    await refused(at.developer.createPullRequest(at.repo, again), 'Conflict');
  });

  given('one query tells which of many pull requests changed', async (at) => {
    const [one, other] = [await openPull(at), await openPull(at)];
    const numbers = [one.number, other.number];
    const before = await at.developer.pullRequestStates(at.repo, numbers);
    assert.deepEqual(await at.developer.pullRequestStates(at.repo, numbers), before);
    await at.check(one.sha, 'test', 'success');
    const checked = await at.developer.pullRequestStates(at.repo, numbers);
    assert.deepEqual(
      [checked.get(one.number)?.text === before.get(one.number)?.text, checked.get(other.number)],
      [false, before.get(other.number)],
    );
    const comments = [{ path: 'a.txt', line: 2, body: 'why?' }];
    await at.reviewer.createReview(at.repo, other.number, {
      commitSHA: other.sha,
      event: 'REQUEST_CHANGES',
      body: 'no',
      comments,
    });
    const reviewed = await at.developer.pullRequestStates(at.repo, numbers);
    assert.notEqual(reviewed.get(other.number)?.text, before.get(other.number)?.text);
    const { threads } = await at.developer.pullRequest(at.repo, other.number);
    await at.reviewer.resolveThread(threads[0]!.id);
    const resolved = await at.developer.pullRequestStates(at.repo, numbers);
    assert.notEqual(resolved.get(other.number)?.text, reviewed.get(other.number)?.text);
    assert.equal(resolved.get(other.number)?.headSHA, other.sha);
  });

  given(
    'a pull request without commits or with an unknown branch is refused with Validation',
    async ({ developer, repo }) => {
      const fields = { base: 'main', title: 't', body: '' };
      await refused(developer.createPullRequest(repo, { ...fields, head: 'main' }), 'Validation');
      await refused(developer.createPullRequest(repo, { ...fields, head: 'rig/never-pushed' }), 'Validation');
    },
  );

  given('title and body change, it closes and opens again', async (at) => {
    const { number } = await openPull(at);
    const changed = await at.developer.updatePullRequest(at.repo, number, { title: 'New', body: 'Other' });
    assert.deepEqual([changed.title, changed.body, changed.state], ['New', 'Other', 'open']);
    assert.equal((await at.developer.updatePullRequest(at.repo, number, { state: 'closed' })).state, 'closed');
    const { state, title } = await at.developer.updatePullRequest(at.repo, number, { state: 'open' });
    assert.deepEqual([state, title], ['open', 'New']);
  });

  given('a listing has the newest first, ends at a moment and is notModified until something changes', async (at) => {
    const { number } = await openPull(at);
    const first = await at.developer.listPullRequests(at.repo);
    assert.ok(!first.notModified && first.complete && first.etag !== null);
    assert.ok(first.items.some((pull) => pull.number === number));
    const future = await at.developer.listPullRequests(at.repo, { since: '2999-01-01T00:00:00Z' });
    assert.ok(!future.notModified && future.items.length === 0);
    assert.deepEqual(await at.developer.listPullRequests(at.repo, { etag: first.etag }), { notModified: true });
  });

  given("the gate's facts agree with what REST says, and one request reads them", async (at) => {
    const { number: issue } = await at.developer.createIssue(at.repo, { title: 'to fix', body: '' });
    const { branch, sha, ...made } = await openPull(at, `Fixes #${issue}`);
    await at.check(sha, 'unit', 'success');
    const before = at.requests();
    const facts = await at.developer.pullRequest(at.repo, made.number, sha);
    assert.equal(at.requests() - before, 1);
    const { author, url, title, body, head, base, labels } = facts;
    assert.deepEqual({ author, url, title, body, head, base, labels }, { ...pick(made), base: made.base });
    assert.deepEqual([facts.mergeable, facts.containsBase, facts.draft], ['mergeable', true, false]);
    assert.deepEqual(facts.closingIssues, [{ number: issue, repositoryId: made.base.repositoryId }]);
    assert.deepEqual(
      facts.commits.map((commit) => commit.sha),
      [sha],
    );
    assert.ok(Object.values(facts.complete).every(Boolean));
  });

  given('a pull request that is not there is NotFound', async ({ developer, repo }) => {
    await refused(developer.pullRequest(repo, 999_999), 'NotFound');
  });

  given('check runs carry their App, statuses none, and both their commit', async (at) => {
    const { number, sha } = await openPull(at);
    assert.deepEqual((await at.developer.pullRequest(at.repo, number)).checks, []);
    await at.check(sha, 'unit', 'failure');
    await at.status(sha, 'legacy', 'pending');
    const { checks, complete } = await at.developer.pullRequest(at.repo, number);
    const [run, status] = [checks.find((one) => one.app !== null), checks.find((one) => one.app === null)];
    assert.deepEqual([run?.name, run?.status, run?.conclusion, run?.headSHA], ['unit', 'completed', 'failure', sha]);
    assert.deepEqual(
      [status?.name, status?.status, status?.conclusion, status?.headSHA],
      ['legacy', 'in_progress', null, sha],
    );
    assert.equal(complete.checks, true);
  });

  given('more commits than one page holds are all read', async (at) => {
    const branch = 'rig/many/1';
    await at.push(branch, linesWith('many'), 103);
    const { number } = await at.developer.createPullRequest(at.repo, {
      head: branch,
      base: 'main',
      title: 'many',
      body: '',
    });
    const { commits, complete } = await at.developer.pullRequest(at.repo, number);
    assert.deepEqual([commits.length, new Set(commits.map((one) => one.sha)).size, complete.commits], [103, 103, true]);
  });

  given('a head that is not the expected one is HeadMoved and merges nothing', async (at) => {
    const { number, branch, sha } = await openPull(at);
    await at.push(branch, linesWith('moved on'));
    const result = await at.developer.merge(at.repo, number, { sha, ...words });
    assert.ok(!result.merged && result.code === 'HeadMoved');
    assert.equal((await at.developer.pullRequest(at.repo, number)).state, 'open');
  });

  given('a merge happens once, in the words given, by the one who asked', async (at) => {
    const { number, sha } = await openPull(at);
    const result = await at.developer.merge(at.repo, number, { sha, ...words });
    assert.ok(result.merged);
    const facts = await at.developer.pullRequest(at.repo, number);
    assert.deepEqual(
      [facts.state, facts.mergeSHA, facts.mergedBy],
      ['merged', result.sha, await at.developer.whoami()],
    );
    assert.equal(await at.developer.branchSHA(at.repo, 'main'), result.sha);
    const again = await at.developer.merge(at.repo, number, { sha, ...words });
    assert.ok(!again.merged && again.code === 'NotMergeable');
  });

  given('two changes of one line conflict: the second is NotMergeable and does not contain its base', async (at) => {
    const [first, second] = [await openPull(at), await openPull(at)];
    assert.ok((await at.developer.merge(at.repo, first.number, { sha: first.sha, ...words })).merged);
    const facts = await at.developer.pullRequest(at.repo, second.number);
    assert.deepEqual([facts.mergeable, facts.containsBase], ['conflicting', false]);
    assert.equal(facts.base.sha, await at.developer.branchSHA(at.repo, 'main'));
    const result = await at.developer.merge(at.repo, second.number, { sha: second.sha, ...words });
    assert.ok(!result.merged && result.code === 'NotMergeable');
  });

  given('merging a pull request that is not there is NotFound', async ({ developer, repo }) => {
    await refused(developer.merge(repo, 999_999, { sha: 'a'.repeat(40), ...words }), 'NotFound');
  });
}

function pick<T extends Record<'author' | 'url' | 'title' | 'body' | 'head' | 'labels', unknown>>(made: T) {
  const { author, url, title, body, head, labels } = made;
  return { author, url, title, body, head, labels };
}
