import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeWorld } from './contract.ts';
import { openPull, refused } from './contract-support.ts';
import type { Listing } from './port.ts';

const EVER = '2000-01-01T00:00:00Z';

function itemsOf<T>(listing: Listing<T>): readonly T[] {
  assert.ok(!listing.notModified);
  return listing.items;
}

export function contractOfIssues(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));

  given('a created issue is read back as it was written', async ({ developer, repo }) => {
    const made = await developer.createIssue(repo, { title: 'Ünïcode & <b>', body: 'a\nb', labels: ['rig'] });
    const read = await developer.issue(repo, made.number);
    assert.deepEqual(read, made);
    assert.deepEqual([read.title, read.body, read.state, read.labels], ['Ünïcode & <b>', 'a\nb', 'open', ['rig']]);
    assert.deepEqual(read.author, await developer.whoami());
  });

  given(
    'who labelled, renamed and closed an issue is told once, newest first, and free where nothing happened',
    async (at) => {
      const { developer, admin, repo } = at;
      const { number } = await developer.createIssue(repo, { title: 'watched', body: '', labels: ['rig'] });
      const first = await admin.listIssueEvents(repo);
      assert.ok(!first.notModified && first.etag !== null);
      const mine = first.items.filter((event) => event.number === number);
      assert.deepEqual(
        mine.map(({ event, label, actor }) => [event, label, actor]),
        [['labeled', 'rig', await developer.whoami()]],
      );
      assert.deepEqual(await admin.listIssueEvents(repo, { etag: first.etag }), { notModified: true });
      await admin.closeIssue(repo, number);
      const later = itemsOf(await admin.listIssueEvents(repo, { etag: first.etag, after: first.items[0]!.id }));
      assert.deepEqual(
        later.map(({ event, actor }) => [event, actor]),
        [['closed', await admin.whoami()]],
      );
    },
  );

  given('a text that nobody edited has no editor', async ({ developer, repo }) => {
    const { number } = await developer.createIssue(repo, { title: 'first', body: 'text' });
    assert.deepEqual((await developer.issueEditors(repo, [number])).get(number), { editor: null, editedAt: null });
  });

  given('an issue that is not there is NotFound, and so is the number of a pull request', async (at) => {
    await refused(at.developer.issue(at.repo, 999_999), 'NotFound');
    await refused(at.developer.issue(at.repo, (await openPull(at)).number), 'NotFound');
  });

  given('an empty title is refused with Validation', async ({ developer, repo }) => {
    await refused(developer.createIssue(repo, { title: '', body: '' }), 'Validation');
  });

  given(
    'an issue is found by its marker by the one who wrote it, and by nobody else',
    async ({ developer, reviewer, repo }) => {
      const marker = '<!-- rig:5f0e -->';
      const made = await developer.createIssue(repo, { title: 'marked', body: `text\n${marker}` });
      assert.deepEqual(await developer.findIssueByMarker(repo, marker, EVER), made);
      assert.equal(await reviewer.findIssueByMarker(repo, marker, EVER), null);
      assert.equal(await developer.findIssueByMarker(repo, '<!-- rig:other -->', EVER), null);
    },
  );

  given('a closed issue is closed, and closing it again changes nothing', async ({ developer, repo }) => {
    const { number } = await developer.createIssue(repo, { title: 'to close', body: '' });
    assert.equal((await developer.closeIssue(repo, number)).state, 'closed');
    assert.equal((await developer.closeIssue(repo, number, 'not_planned')).state, 'closed');
    assert.equal((await developer.issue(repo, number)).state, 'closed');
  });

  given('a listing leaves pull requests out and is notModified until something changes', async (at) => {
    const { developer, repo } = at;
    const { number } = await developer.createIssue(repo, { title: 'listed', body: '' });
    const pull = await openPull(at);
    const first = await developer.listIssues(repo);
    const numbers = itemsOf(first).map((issue) => issue.number);
    assert.ok(numbers.includes(number) && !numbers.includes(pull.number));
    assert.ok(!first.notModified && first.complete && first.etag !== null);
    assert.deepEqual(await developer.listIssues(repo, { etag: first.etag }), { notModified: true });
    await developer.closeIssue(repo, number);
    const changed = itemsOf(await developer.listIssues(repo, { etag: first.etag }));
    assert.equal(changed.find((issue) => issue.number === number)?.state, 'closed');
  });

  given('a listing is bounded by state, moment and limit', async ({ developer, repo }) => {
    const { number } = await developer.createIssue(repo, { title: 'bounded', body: '' });
    const open = itemsOf(await developer.listIssues(repo, { state: 'open' }));
    assert.ok(open.length > 0 && open.every((issue) => issue.state === 'open'));
    assert.deepEqual(itemsOf(await developer.listIssues(repo, { since: '2999-01-01T00:00:00Z' })), []);
    const one = await developer.listIssues(repo, { limit: 1 });
    assert.ok(!one.notModified && one.items.length === 1 && !one.complete);
    assert.equal(
      open.some((issue) => issue.number === number),
      true,
    );
  });

  given('an issue that was closed is opened again, twice without harm', async ({ developer, repo }) => {
    const { number } = await developer.createIssue(repo, { title: 'again', body: '' });
    await developer.closeIssue(repo, number);
    assert.equal((await developer.reopenIssue(repo, number)).state, 'open');
    assert.equal((await developer.reopenIssue(repo, number)).state, 'open');
    assert.equal((await developer.issue(repo, number)).state, 'open');
    await refused(developer.reopenIssue(repo, 999_999), 'NotFound');
  });

  given(
    'comments of a repository are listed with what they stand under, the newest first, and notModified until one comes',
    async (at) => {
      const { developer, repo } = at;
      const { number } = await developer.createIssue(repo, { title: 'listed talk', body: '' });
      const pull = await openPull(at);
      const under = await developer.comment(repo, number, 'under an issue');
      const beside = await developer.comment(repo, pull.number, 'under a pull request');
      const first = await developer.listComments(repo);
      const listed = itemsOf(first).filter(({ id }) => id === under.id || id === beside.id);
      assert.deepEqual(
        listed.toSorted((a, b) => a.id - b.id),
        [
          { ...under, number, onPullRequest: false },
          { ...beside, number: pull.number, onPullRequest: true },
        ],
      );
      assert.ok(!first.notModified && first.complete && first.etag !== null);
      assert.deepEqual(await developer.listComments(repo, { etag: first.etag }), { notModified: true });
      assert.deepEqual(itemsOf(await developer.listComments(repo, { since: '2999-01-01T00:00:00Z' })), []);
      await developer.comment(repo, number, 'one more');
      const changed = itemsOf(await developer.listComments(repo, { etag: first.etag, limit: 1 }));
      assert.equal(changed[0]?.body, 'one more');
    },
  );

  given('a comment on an issue and on a pull request is found by its marker by its author alone', async (at) => {
    const { developer, reviewer, repo } = at;
    const { number } = await developer.createIssue(repo, { title: 'talk', body: '' });
    for (const target of [number, (await openPull(at)).number]) {
      const marker = `<!-- rig:comment-${target} -->`;
      const made = await developer.comment(repo, target, `hello ${marker}`);
      assert.deepEqual(await developer.findCommentByMarker(repo, target, marker), made);
      assert.deepEqual(await developer.findCommentByMarker(repo, target, marker, EVER), made);
      assert.equal(await reviewer.findCommentByMarker(repo, target, marker), null);
    }
    await refused(developer.comment(repo, 999_999, 'x'), 'NotFound');
  });
}
