import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, scripted } from './doubles.ts';
import { createForge } from './github.ts';

const repo = { owner: 'o', name: 'n' };
const ada = { id: 1, login: 'ada', type: 'User' };
const next = { link: '<http://forge.test/repos/o/n/issues/events?page=2>; rel="next"' };

function forgeWith(...steps: Parameters<typeof scripted>) {
  const { fetch, asked } = scripted(...steps);
  const forge = createForge({ baseURL: 'http://forge.test', token: 'ghp_0123456789', fetch, retryDelayMs: 1 });
  return { forge, asked };
}

function event(id: number, change: object = {}): object {
  const created_at = `2026-11-21T10:00:${String(id).padStart(2, '0')}Z`;
  return { id, event: 'labeled', actor: ada, issue: { number: 7 }, label: { name: 'rig' }, created_at, ...change };
}

test('events of issues say who put which label on what, and end at the one that is known', async () => {
  const { forge, asked } = forgeWith(json([event(4), event(3), event(2)], 200, { ...next, etag: '"e"' }));
  const listing = await forge.listIssueEvents(repo, { after: 2 });
  assert.ok(!listing.notModified);
  assert.deepEqual(listing.items[0], {
    id: 4,
    event: 'labeled',
    actor: { id: 1, login: 'ada', kind: 'user' },
    number: 7,
    label: 'rig',
    title: null,
    createdAt: '2026-11-21T10:00:04Z',
  });
  assert.deepEqual([listing.items.map(({ id }) => id), listing.etag, listing.complete], [[4, 3], '"e"', true]);
  assert.equal(asked.length, 1);
});

test('events from before the moment that is asked for are not read, nor is one of an issue that is gone told', async () => {
  const { forge } = forgeWith(json([event(9), event(8, { issue: null }), event(3)], 200, next));
  const listing = await forge.listIssueEvents(repo, { since: '2026-11-21T10:00:05Z' });
  assert.ok(!listing.notModified);
  assert.deepEqual(
    listing.items.map(({ id }) => id),
    [9],
  );
});

test('an event of a deleted account is by nobody who may do anything', async () => {
  const { forge } = forgeWith(json([event(1, { actor: null })]));
  const listing = await forge.listIssueEvents(repo);
  assert.ok(!listing.notModified);
  assert.deepEqual(listing.items[0]?.actor, { id: 10_137, login: 'ghost', kind: 'user' });
});

test('activity says who moved a ref from where to where; a made or deleted one has no commit before or after', async () => {
  const sha = (digit: string) => digit.repeat(40);
  const moved = (id: number, before: string, after: string) => ({
    id,
    ref: 'refs/heads/main',
    before: sha(before),
    after: sha(after),
    actor: ada,
    timestamp: '2026-11-21T10:00:00Z',
    activity_type: 'push',
  });
  const { forge } = forgeWith(json([moved(3, 'b', '0'), moved(2, 'a', 'b'), moved(1, '0', 'a')]));
  const listing = await forge.listActivity(repo);
  assert.ok(!listing.notModified);
  assert.deepEqual(
    listing.items.map(({ before, after }) => [before?.[0] ?? null, after?.[0] ?? null]),
    [
      ['b', null],
      ['a', 'b'],
      [null, 'a'],
    ],
  );
  assert.deepEqual(listing.items[1]?.actor.login, 'ada');
});

test('one query asks after many pull requests, and each is told as a text of its own', async () => {
  const state = (number: number, head: string) => ({ number, headRefOid: head.repeat(40), reviews: { totalCount: 0 } });
  const { forge, asked } = forgeWith(json({ data: { repository: { n1: state(1, 'a'), n2: state(2, 'b') } } }));
  const states = await forge.pullRequestStates(repo, [1, 2, 2]);
  assert.deepEqual([...states.keys()], [1, 2]);
  assert.notEqual(states.get(1)?.text, states.get(2)?.text);
  assert.equal(states.get(2)?.headSHA, 'b'.repeat(40));
  assert.equal(asked.length, 1);
});

test('who wrote the text of an issue is told, and nobody where nobody did', async () => {
  const editor = { __typename: 'User', login: 'ada', databaseId: 1 };
  const nodes = { n1: { number: 1, lastEditedAt: '2026-11-21T10:00:00Z', editor }, n2: { number: 2, editor: null } };
  const { forge } = forgeWith(json({ data: { repository: nodes } }));
  const editors = await forge.issueEditors(repo, [1, 2]);
  assert.deepEqual(editors.get(1), {
    editor: { id: 1, login: 'ada', kind: 'user' },
    editedAt: '2026-11-21T10:00:00Z',
  });
  assert.deepEqual(editors.get(2), { editor: null, editedAt: null });
});
