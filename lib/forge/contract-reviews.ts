import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeWorld } from './contract.ts';
import { openPull, refused } from './contract-support.ts';

export function contractOfReviews(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));

  /** A pull request on which the reviewer asked for a change of line 2. */
  const disputed = async (at: ForgeWorld) => {
    const pull = await openPull(at);
    const comments = [{ path: 'a.txt', line: 2, body: 'Not like this.' }];
    const verdict = { commitSHA: pull.sha, event: 'REQUEST_CHANGES', body: 'See the line.', comments } as const;
    const review = await at.reviewer.createReview(at.repo, pull.number, verdict);
    const facts = await at.developer.pullRequest(at.repo, pull.number);
    const threadId = facts.threads[0]?.id ?? '';
    return { pull, review, facts, threadId };
  };

  given('a review with a comment on a line is a verdict on that commit and an open thread', async (at) => {
    const { pull, review, facts } = await disputed(at);
    const author = await at.reviewer.whoami();
    assert.deepEqual(facts.reviews, [review]);
    assert.deepEqual([review.state, review.commitSHA, review.author], ['changes_requested', pull.sha, author]);
    const [thread] = facts.threads;
    assert.deepEqual([thread?.resolved, thread?.path, thread?.line, thread?.outdated], [false, 'a.txt', 2, false]);
    assert.deepEqual(
      thread?.comments.map((one) => [one.author, one.body]),
      [[author, 'Not like this.']],
    );
  });

  given('a thread is resolved, reopened and read, and doing it twice is harmless', async (at) => {
    const { threadId, pull } = await disputed(at);
    for (const _ of [1, 2]) await at.developer.resolveThread(threadId);
    const [resolved] = (await at.developer.pullRequest(at.repo, pull.number)).threads;
    assert.deepEqual([resolved?.resolved, resolved?.resolvedBy], [true, await at.developer.whoami()]);
    for (const _ of [1, 2]) await at.reviewer.reopenThread(threadId);
    const read = await at.reviewer.thread(threadId);
    assert.deepEqual([read.id, read.resolved, read.resolvedBy], [threadId, false, null]);
  });

  given('a reply stands in its thread and is found by its marker by its author alone', async (at) => {
    const { threadId } = await disputed(at);
    const marker = '<!-- rig:reply -->';
    const made = await at.developer.replyToThread(threadId, `Done. ${marker}`);
    assert.deepEqual(await at.developer.findThreadReplyByMarker(threadId, marker), made);
    assert.equal(await at.reviewer.findThreadReplyByMarker(threadId, marker), null);
    const { comments } = await at.developer.thread(threadId);
    assert.deepEqual(
      comments.map((one) => one.body),
      ['Not like this.', `Done. ${marker}`],
    );
  });

  given('a thread that is not there is NotFound', async ({ developer }) => {
    await refused(developer.thread('PRRT_kwDOnothere'), 'NotFound');
    await refused(developer.resolveThread('PRRT_kwDOnothere'), 'NotFound');
    await refused(developer.replyToThread('PRRT_kwDOnothere', 'x'), 'NotFound');
  });

  given('an approval stands beside the earlier verdict, and a review is found by its marker', async (at) => {
    const { pull } = await disputed(at);
    const marker = '<!-- rig:verdict -->';
    const approval = { commitSHA: pull.sha, event: 'APPROVE', body: `Good. ${marker}`, comments: [] } as const;
    const made = await at.reviewer.createReview(at.repo, pull.number, approval);
    assert.deepEqual(await at.reviewer.findReviewByMarker(at.repo, pull.number, marker), made);
    assert.equal(await at.developer.findReviewByMarker(at.repo, pull.number, marker), null);
    const { reviews } = await at.developer.pullRequest(at.repo, pull.number);
    assert.deepEqual(
      reviews.map((one) => one.state),
      ['changes_requested', 'approved'],
    );
  });

  given('an approval of one’s own pull request is refused with Validation', async (at) => {
    const { number, sha } = await openPull(at);
    const approval = { commitSHA: sha, event: 'APPROVE', body: 'Mine.', comments: [] } as const;
    await refused(at.developer.createReview(at.repo, number, approval), 'Validation');
  });

  given('a comment on a line outside the diff is refused with Validation', async (at) => {
    const { number, sha } = await openPull(at);
    const comments = [{ path: 'a.txt', line: 4000, body: 'where?' }];
    const review = { commitSHA: sha, event: 'COMMENT', body: 'x', comments } as const;
    await refused(at.reviewer.createReview(at.repo, number, review), 'Validation');
  });
}
