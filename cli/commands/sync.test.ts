import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import { renderSynced, syncedOf } from './sync.ts';

const repository = (status: object) =>
  ({ metadata: { namespace: 'team', name: 'widgets' }, spec: {}, status }) as unknown as Repository;
const ready = { type: 'Ready', status: 'True', reason: 'Accepted', message: 'Followed at https://f/acme/widgets.' };

test('a listing is done when the status answers this very request', () => {
  const status = { lastSyncedAt: '2026-11-21T10:00:00Z', lastHandledSync: 'one', conditions: [ready] };
  assert.equal(syncedOf(repository(status), 'two'), null);
  const done = syncedOf(repository(status), 'one');
  assert.equal(renderSynced(done!), 'widgets listed at 2026-11-21T10:00:00Z. Followed at https://f/acme/widgets.');
});

test('a listing that has to wait, or needs a person, says so at once', () => {
  const limited = { type: 'RateLimited', status: 'True', reason: 'RateLimited', message: 'It waits.' };
  assert.equal(syncedOf(repository({ lastHandledSync: 'one', conditions: [ready, limited] }), 'one')?.syncedAt, null);
  const stalled = { type: 'Stalled', status: 'True', reason: 'RepositoryArchived', message: 'It is archived.' };
  const status = { lastHandledSync: 'one', conditions: [stalled] };
  assert.equal(syncedOf(repository(status), 'two'), null, 'what was said before is no answer');
  const told = syncedOf(repository(status), 'one');
  assert.equal(renderSynced(told!), 'widgets cannot be listed now: It is archived.');
});
