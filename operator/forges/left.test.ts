import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EffectRow } from '#lib/events';
import type { Forge } from '#lib/forge';
import { findLeft, LEFT_KINDS } from './left.ts';
import { marker } from './markers.ts';

const repo = { owner: 'acme', name: 'widgets' };
const CREATED = new Date('2026-11-01T12:00:00Z');
const author = { id: 4, login: 'dev-e', kind: 'user' };

/** A forge that knows one of each, each under the name by which it was asked for. */
const forge = {
  branchSHA: async (_: unknown, ref: string) => (ref === 'rig/a/1' ? 'there' : null),
  findPullRequestByHead: async (_: unknown, head: string) =>
    head === 'rig/a/1' ? { number: 7, url: 'https://forge/7', title: 'A' } : null,
  findReviewByMarker: async (_: unknown, number: number, mark: string) =>
    number === 7 && mark === marker('review', 'a-review-1-1') ? { id: 3, author, body: 'Fine.' } : null,
  findThreadReplyByMarker: async (thread: string, mark: string) =>
    thread === 'T1' && mark === marker('thread', 'uid/T1') ? { id: 'R1', body: 'Done.' } : null,
  pullRequest: async (_: unknown, number: number) =>
    number === 7 ? { state: 'merged', mergeSHA: 'merge' } : { state: 'open', mergeSHA: null },
  findCommentByMarker: async (_: unknown, number: number, mark: string, since: string) =>
    number === 1 && mark === marker('comment', 'question/uid/a') && since < CREATED.toISOString()
      ? { id: 2, url: 'https://forge/1#2' }
      : null,
} as unknown as Forge;

const find = (kind: string, key: string, request: object) =>
  findLeft({ forge, repo }, { kind, key, request, createdAt: CREATED } as unknown as EffectRow);

test('each write of a task is found at the forge by what was recorded of it, with the outcome it would have had', async () => {
  assert.deepEqual(await find('head', 'head/…', { ref: 'rig/a/1', from: null, to: 'there' }), { to: 'there' });
  assert.deepEqual(await find('pull-request', 'pull-request/…', { head: 'rig/a/1', base: 'main' }), {
    number: 7,
    url: 'https://forge/7',
  });
  assert.deepEqual(await find('review', 'review/a-review-1-1', { number: 7 }), { id: 3, author });
  assert.deepEqual(await find('thread-reply', 'thread-reply/uid/T1', { thread: 'T1' }), { id: 'R1' });
});

test('a write that is not at the forge, or leaves no mark there, is not found', async () => {
  const looked = [
    await find('head', 'head/…', { ref: 'rig/a/1', from: null, to: 'elsewhere' }),
    await find('pull-request', 'pull-request/…', { head: 'rig/b/1', base: 'main' }),
    await find('review', 'review/b-review-1-1', { number: 7 }),
    await find('thread-reply', 'thread-reply/uid/T2', { thread: 'T1' }),
    await find('thread', 'thread/resolved/uid/T1', { thread: 'T1', to: 'resolved' }),
    await find('pull-request-text', 'pull-request-text/uid/there', { number: 7 }),
  ];
  assert.deepEqual(
    looked,
    looked.map(() => undefined),
  );
});

test('each write that is decided for an Issue is found too, and only where it is', async () => {
  assert.deepEqual(await find('merge', 'merge/uid/3', { number: 7, sha: 'head' }), { merged: true, sha: 'merge' });
  assert.equal(await find('merge', 'merge/uid/3', { number: 8, sha: 'head' }), undefined);
  assert.deepEqual(await find('close-pull-request', 'close-pull-request/uid/7', { number: 7 }), { number: 7 });
  assert.equal(await find('close-pull-request', 'close-pull-request/uid/8', { number: 8 }), undefined);
  assert.deepEqual(await find('comment', 'comment/question/uid/a', { number: 1 }), { url: 'https://forge/1#2' });
  assert.equal(await find('comment', 'comment/question/uid/b', { number: 1 }), undefined);
});

test('a kind that is not known to be left is not guessed at', async () => {
  assert.ok(![...LEFT_KINDS.task, ...LEFT_KINDS.issue].includes('issue'));
  await assert.rejects(find('issue', 'issue/…', {}), /Nobody looks/);
});
