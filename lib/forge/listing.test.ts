import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, scripted } from './doubles.ts';
import { ForgeError } from './error.ts';
import { createForge } from './github.ts';

const repo = { owner: 'o', name: 'n' };
const self = json({ id: 1, login: 'dev', type: 'User' });
const issue = (number: number, change: object = {}) => ({
  number,
  state: 'open',
  title: 't',
  body: '',
  user: { id: 1, login: 'dev' },
  labels: [],
  updated_at: '2024-05-01T10:00:00Z',
  ...change,
});
const hundred = Array.from({ length: 100 }, (_, i) => issue(i + 1));
const next = { link: '<http://forge.test/repos/o/n/issues?page=2>; rel="next"' };

function forgeWith(...steps: Parameters<typeof scripted>) {
  const { fetch, asked } = scripted(...steps);
  return {
    forge: createForge({ baseURL: 'http://forge.test', token: 'ghp_0123456789abcdefABCDEF', fetch, retryDelayMs: 1 }),
    asked,
  };
}

test('a listing follows its pages and keeps the ETag of the first', async () => {
  const { forge, asked } = forgeWith(
    json(hundred, 200, { ...next, etag: '"one"' }),
    json([issue(101)], 200, { etag: '"two"' }),
  );
  const listing = await forge.listIssues(repo);
  assert.ok(!listing.notModified);
  assert.deepEqual([listing.items.length, listing.etag, listing.complete, asked.length], [101, '"one"', true, 2]);
});

test('a page link to another host is not followed', async () => {
  const { forge, asked } = forgeWith(json(hundred, 200, { link: '<http://evil.test/x>; rel="next"' }));
  await assert.rejects(
    forge.listIssues(repo),
    (error: unknown) => error instanceof ForgeError && error.code === 'Forbidden',
  );
  assert.ok(asked.every(({ url }) => url.startsWith('http://forge.test/')));
});

test('an unchanged listing sends the ETag and is notModified', async () => {
  const { fetch } = scripted(new Response(null, { status: 304 }));
  let sent: string | null = null;
  const spy: typeof globalThis.fetch = (input, init) => {
    sent = new Headers(init?.headers).get('if-none-match');
    return fetch(input, init);
  };
  const forge = createForge({ baseURL: 'http://forge.test', token: 'ghp_0123456789abcdefABCDEF', fetch: spy });
  assert.deepEqual(await forge.listIssues(repo, { etag: '"one"' }), { notModified: true });
  assert.equal(sent, '"one"');
});

test('a search that ends without a hit says null, one that is too long says Unavailable', async () => {
  const since = '2024-01-01T00:00:00Z';
  const ended = forgeWith(self, json([issue(1)]));
  assert.equal(await ended.forge.findIssueByMarker(repo, 'marker', since), null);
  const endless = forgeWith(self, json(hundred, 200, next));
  await assert.rejects(
    endless.forge.findIssueByMarker(repo, 'marker', since),
    (error: unknown) => error instanceof ForgeError && error.code === 'Unavailable' && error.outcome === 'definite',
  );
  assert.ok(endless.asked.length < 40);
});

test('a marker that somebody else copied is not taken for an own issue', async () => {
  const copied = issue(1, { body: 'marker', user: { id: 2, login: 'mallory' } });
  const { forge } = forgeWith(self, json([copied, issue(2, { body: 'marker' })]));
  assert.equal((await forge.findIssueByMarker(repo, 'marker', '2024-01-01T00:00:00Z'))?.number, 2);
});

test('a listing of pull requests ends at the first one older than asked', async () => {
  const branch = (sha: string) => ({ sha: sha.repeat(40), ref: 'x', repo: { id: 5 } });
  const pull = (number: number, updated: string) => ({
    ...issue(number),
    updated_at: updated,
    head: branch('a'),
    base: branch('b'),
  });
  const items = [pull(1, '2024-05-03T00:00:00Z'), pull(2, '2024-05-02T00:00:00Z'), pull(3, '2024-05-01T00:00:00Z')];
  const { forge, asked } = forgeWith(json(items, 200, next));
  const listing = await forge.listPullRequests(repo, { since: '2024-05-02T00:00:00Z' });
  assert.ok(!listing.notModified);
  assert.deepEqual([listing.items.map((one) => one.number), listing.complete, asked.length], [[1, 2], true, 1]);
});
