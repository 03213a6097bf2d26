import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeWorld } from './contract.ts';
import { linesWith, refused } from './contract-support.ts';

const ABSENT = '0123456789012345678901234567890123456789';

export function contractOfRepositories(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));

  given('each identity knows itself', async ({ developer, reviewer }) => {
    const [one, other] = [await developer.whoami(), await reviewer.whoami()];
    assert.notEqual(one.id, other.id);
    assert.match(one.login, /^\S+$/);
  });

  given('a credential nobody has is Unauthorized, for reads and writes', async ({ nobody, repo }) => {
    await refused(nobody.whoami(), 'Unauthorized');
    await refused(nobody.createIssue(repo, { title: 't', body: '' }), 'Unauthorized');
  });

  given(
    'a repository is the same by name and by id, with the tip of its default branch',
    async ({ developer, repo }) => {
      const facts = await developer.repository(repo);
      assert.deepEqual(await developer.repositoryById(facts.id), facts);
      assert.deepEqual([facts.owner, facts.name, facts.defaultBranch], [repo.owner, repo.name, 'main']);
      assert.equal(facts.defaultBranchSHA, await developer.branchSHA(repo, 'main'));
      assert.match(facts.defaultBranchSHA ?? '', /^[0-9a-f]{40}$/);
    },
  );

  given('a repository that is not there or not visible is NotFound', async ({ developer, outsider, repo }) => {
    const absent = { owner: repo.owner, name: 'no-such-repository' };
    await refused(developer.repository(absent), 'NotFound');
    await refused(developer.repositoryById(999_999_999), 'NotFound');
    await refused(developer.branchSHA(absent, 'main'), 'NotFound');
    await refused(developer.fileAt(absent, ABSENT, 'a.txt'), 'NotFound');
    await refused(developer.listIssues(absent), 'NotFound');
    await refused(outsider.repository(repo), 'NotFound');
  });

  given('a branch that is not there is null, one with slashes is found', async ({ developer, repo, push }) => {
    const sha = await push('rig/some/branch', linesWith('branch'));
    assert.equal(await developer.branchSHA(repo, 'rig/some/branch'), sha);
    assert.equal(await developer.branchSHA(repo, 'rig/some'), null);
  });

  given('repository and branch are told again only where they changed', async ({ developer, repo, push }) => {
    const { id, defaultBranchSHA: _, ...facts } = await developer.repository(repo);
    const first = await developer.repositoryIfChanged(id);
    assert.ok(!first.notModified && first.etag !== null);
    assert.deepEqual(first.value, { id, ...facts, defaultBranchSHA: null });
    assert.deepEqual(await developer.repositoryIfChanged(id, first.etag), { notModified: true });
    const old = await push('rig/moving', linesWith('first'));
    const branch = await developer.branchIfChanged(repo, 'rig/moving');
    assert.ok(!branch.notModified && branch.etag !== null);
    assert.equal(branch.value, old);
    assert.deepEqual(await developer.branchIfChanged(repo, 'rig/moving', branch.etag), { notModified: true });
    const sha = await push('rig/moving', linesWith('second'));
    const moved = await developer.branchIfChanged(repo, 'rig/moving', branch.etag);
    assert.ok(!moved.notModified);
    assert.equal(moved.value, sha);
    const gone = await developer.branchIfChanged(repo, 'rig/never');
    assert.deepEqual(gone, { notModified: false, value: null, etag: null });
  });

  given('who pushed which commit to which branch is told, newest first', async ({ developer, repo, push }) => {
    const first = await push('rig/told', linesWith('first'));
    const second = await push('rig/told', linesWith('second'));
    const listing = await developer.listActivity(repo);
    assert.ok(!listing.notModified && listing.etag !== null);
    const told = listing.items.filter(({ ref }) => ref === 'refs/heads/rig/told');
    assert.deepEqual(
      told.map(({ before, after }) => [before, after]),
      [
        [first, second],
        [null, first],
      ],
    );
    assert.deepEqual(told[0]?.actor, await developer.whoami());
    const own = await developer.listActivity(repo, { ref: 'refs/heads/rig/told' });
    assert.deepEqual(own.notModified ? null : own.items, told);
    assert.deepEqual(await developer.listActivity(repo, { etag: listing.etag }), { notModified: true });
    const third = await push('rig/told', linesWith('third'));
    const later = await developer.listActivity(repo, { etag: listing.etag, after: listing.items[0]!.id });
    assert.ok(!later.notModified);
    assert.deepEqual(
      later.items.map(({ after }) => after),
      [third],
    );
  });

  given('a file is read at its commit; one that is not there is null', async ({ developer, repo, push }) => {
    const base = (await developer.branchSHA(repo, 'main')) ?? '';
    const sha = await push('rig/file', linesWith('zwölf'));
    assert.equal(await developer.fileAt(repo, sha, 'a.txt'), linesWith('zwölf'));
    assert.notEqual(await developer.fileAt(repo, base, 'a.txt'), linesWith('zwölf'));
    assert.equal(await developer.fileAt(repo, sha, 'deep/er/none.txt'), null);
    await refused(developer.fileAt(repo, ABSENT, 'a.txt'), 'NotFound');
  });

  given('permissions are told by login, none for strangers and for logins nobody has', async (at) => {
    const login = async (who: 'developer' | 'admin' | 'outsider') => (await at[who].whoami()).login;
    const permission = async (who: string) => at.developer.permission(at.repo, who);
    assert.equal(await permission(await login('developer')), 'write');
    assert.equal(await permission(await login('admin')), 'admin');
    assert.equal(await permission(await login('outsider')), 'none');
    assert.equal(await permission('nobody-has-this-login'), 'none');
    const { id } = await at.admin.whoami();
    assert.equal(await at.developer.permission(at.repo, await login('admin'), id), 'admin');
    assert.equal(
      await at.developer.permission(at.repo, await login('admin'), id + 1),
      'none',
      'a login that is another account by now',
    );
  });

  given(
    'a webhook is created once for its URL and written again the second time',
    async ({ admin, developer, repo }) => {
      const hook = {
        url: 'http://127.0.0.1:9/contract',
        secret: 'a secret of the contract',
        events: ['push', 'issues'],
      };
      const first = await admin.ensureWebhook(repo, hook);
      const second = await admin.ensureWebhook(repo, { ...hook, events: ['push'] });
      assert.deepEqual([first.created, second.created, second.id], [true, false, first.id]);
      await refused(developer.ensureWebhook(repo, hook), 'NotFound', 'Forbidden');
    },
  );

  given('a revision contains itself and what came before it, not what is beside it or unknown', async (at) => {
    const { developer, repo } = at;
    const main = (await developer.branchSHA(repo, 'main'))!;
    const [one, two] = [await at.push('contains-one', 'one\n'), await at.push('contains-two', 'two\n')];
    assert.equal(await developer.contains(repo, one, one), true);
    assert.equal(await developer.contains(repo, one, main), true);
    assert.equal(await developer.contains(repo, main, one), false);
    assert.equal(await developer.contains(repo, two, one), false);
    await refused(developer.contains(repo, one, 'f'.repeat(40)), 'NotFound');
    await refused(developer.contains(repo, 'f'.repeat(40), one), 'NotFound');
    await refused(at.outsider.contains(repo, one, main), 'NotFound');
  });

  given('an environment without deployments has none', async ({ developer, outsider, repo }) => {
    assert.deepEqual(await developer.deployments(repo, 'nowhere'), []);
    await refused(outsider.deployments(repo, 'nowhere'), 'NotFound');
  });

  given('the rate limits of REST and GraphQL are told', async ({ developer }) => {
    const { rest, graphql } = await developer.rateLimit();
    for (const limit of [rest, graphql]) {
      assert.ok(limit.limit >= limit.remaining && limit.remaining > 0);
      assert.ok(Date.parse(limit.resetAt) > 0);
    }
  });

  given('the git header opens the clone URL, and nothing else does', async ({ developer, repo }) => {
    const { headerName, headerValue } = await developer.gitAuthorization();
    const url = `${developer.cloneURL(repo)}/info/refs?service=git-upload-pack`;
    const opened = await fetch(url, { headers: { [headerName]: headerValue } });
    assert.match(await opened.text(), /refs\/heads\/main/);
    const closed = await fetch(url);
    await closed.body?.cancel();
    assert.equal(closed.status, 401);
  });
}
