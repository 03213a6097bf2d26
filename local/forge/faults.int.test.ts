import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
/** How far the forge's clock is ahead, in milliseconds. */
let ahead = 0;
before(async () => {
  world = await World.start({ clock: () => Date.now() + ahead });
});
after(() => world.close());
afterEach(async () => {
  for (const path of ['/faults', '/limits', '/deliveries/faults']) await world.admin('DELETE', path);
  await world.admin('DELETE', '/requests?windows=true');
});

const R = '/repos/acme/widgets';
const fault = async (fields: Record<string, unknown>) => {
  const { status, body } = await world.admin('POST', '/faults', fields);
  assert.equal(status, 201, JSON.stringify(body));
};
const open = (title: string, expected = 201) => world.rest('dev', `POST ${R}/issues`, { title }, expected);
const titles = async () =>
  (await world.rest('dev', `GET ${R}/issues`)).body.map((issue: { title: string }) => issue.title);

test('the next requests of a pattern fail with a status and without an effect, others do not', async () => {
  await fault({ kind: 'status', operation: `POST */issues`, status: 502, times: 2 });
  await open('one', 502);
  await open('one', 502);
  await open('one');
  assert.deepEqual(await titles(), ['one']);
});

test('a 429 that was asked for says after how many seconds to come again, unless it is not to', async () => {
  const retryAfter = async () =>
    (await world.rest('dev', `GET ${R}/labels`, undefined, 429)).headers.get('retry-after');
  await fault({ kind: 'status', operation: 'GET */labels', status: 429, retryAfterSeconds: 3 });
  assert.equal(await retryAfter(), '3');
  await fault({ kind: 'status', operation: 'GET */labels', status: 429, retryAfterSeconds: null });
  assert.equal(await retryAfter(), null);
});

test('an answer that is dropped leaves its effect; a connection that is cut leaves none', async () => {
  await fault({ kind: 'drop', operation: 'POST */issues' });
  await assert.rejects(open('dropped'), /fetch failed/);
  await fault({ kind: 'cut', operation: 'POST */issues' });
  await assert.rejects(open('cut'), /fetch failed/);
  const since = world.listener.received.length;
  assert.deepEqual(await titles(), ['dropped', 'one']);
  await fault({ kind: 'drop', operation: 'POST /graphql' });
  await assert.rejects(world.graphql('dev', '{ viewer { login } }'), /fetch failed/);
  await fault({ kind: 'drop', operation: 'GIT /git-receive-pack' });
  await assert.rejects(world.branch('dropped', 'pushed all the same\n'));
  await world.listener.next('push', undefined, since);
});

test('a late answer comes after its effect, a delayed one before', async () => {
  await fault({ kind: 'late', operation: 'POST */issues', delayMs: 60_000 });
  await world.listener.settled();
  const since = world.listener.received.length;
  const client = new AbortController();
  const late = fetch(`${world.forge.apiURL}${R}/issues`, {
    method: 'POST',
    headers: { authorization: `token ${world.tokens.get('dev')}` },
    body: JSON.stringify({ title: 'late' }),
    signal: client.signal,
  });
  await world.listener.next('issues', 'opened', since);
  client.abort();
  await assert.rejects(late, { name: 'AbortError' });
  await fault({ kind: 'delay', operation: 'GET */issues', delayMs: 50 });
  const started = performance.now();
  await titles();
  assert.ok(performance.now() - started > 45);
});

test('a stale read lists what was there a while ago, and the next one everything', async () => {
  ahead += 120_000;
  await open('fresh');
  await fault({ kind: 'stale', operation: 'GET */issues', ageSeconds: 60 });
  assert.ok(!(await titles()).includes('fresh'));
  assert.ok((await titles()).includes('fresh'));
});

test('faults outlive the forge that was told of them', async () => {
  await fault({ kind: 'secondary', operation: 'GET */labels', retryAfterSeconds: 7, times: null });
  await world.forge.close();
  await world.open();
  const { headers, body } = await world.rest('dev', `GET ${R}/labels`, undefined, 403);
  assert.equal(headers.get('retry-after'), '7');
  assert.match(body.message, /^You have exceeded a secondary rate limit/);
});

test('the primary limit answers until its reset, leaves others alone and counts GraphQL apart', async () => {
  await world.admin('PUT', '/limits', { login: 'dev', core: 2, graphql: 1, windowSeconds: 60, status: 429 });
  await world.rest('dev', `GET ${R}`);
  const last = await world.rest('dev', `GET ${R}/labels`);
  assert.equal(last.headers.get('x-ratelimit-remaining'), '0');
  const { headers, body } = await world.rest('dev', `GET ${R}`, undefined, 429);
  assert.match(body.message, /^API rate limit exceeded for user ID \d+\.$/);
  const reset = Number(headers.get('x-ratelimit-reset'));
  const now = (Date.now() + ahead) / 1000;
  assert.ok(reset > now - 1 && reset <= now + 60);
  await world.rest('reviewer', `GET ${R}`);
  assert.equal((await world.graphql('dev', '{ viewer { login } }')).status, 200);
  assert.equal((await world.graphql('dev', '{ viewer { login } }')).status, 429);
  const { body: rate } = await world.rest('dev', 'GET /rate_limit');
  assert.deepEqual([rate.resources.core.remaining, rate.resources.graphql.remaining], [0, 0]);
  ahead += 61_000;
  await world.rest('dev', `GET ${R}`);
});

test('the secondary limit counts writes of a minute and says when to come back', async () => {
  await world.admin('PUT', '/limits', { writesPerMinute: 2 });
  await open('w1');
  await open('w2');
  const { headers } = await open('w3', 403);
  const wait = Number(headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= 60);
  await titles();
  ahead += wait * 1000 + 1000;
  await open('w3');
});

test('requests are counted by identity and operation, answers 304 apart, and from zero again', async () => {
  const first = await world.rest('dev', `GET ${R}`);
  await world.rest('dev', `GET ${R}`, undefined, 304, { 'if-none-match': first.headers.get('etag') });
  await world.rest('dev', `GET ${R}`, undefined, 304, { 'if-modified-since': first.headers.get('last-modified') });
  await world.rest('dev', `GET ${R}`, undefined, 200, { 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' });
  await world.rest('reviewer', `GET ${R}`);
  const { body } = await world.admin('GET', '/requests');
  const operation = 'GET /repos/{owner}/{repo}';
  assert.deepEqual(body.identities.dev, { total: 2, notModified: 2, operations: { [operation]: 2 } });
  assert.equal(body.operations[operation], 3);
  await world.admin('DELETE', '/requests');
  assert.equal((await world.admin('GET', '/requests')).body.total, 0);
});

test('what the admin asks of faults and limits is checked', async () => {
  assert.equal((await world.admin('POST', '/faults', { kind: 'explode' })).status, 422);
  assert.equal((await world.admin('POST', '/faults', { kind: 'status', probability: 2 })).status, 422);
  assert.equal((await world.admin('PUT', '/limits', { status: 500 })).status, 422);
  assert.equal((await world.admin('DELETE', '/faults/1')).status, 404);
});

async function burst(count: number): Promise<{ guid: string; payload: { issue: { number: number } } }[]> {
  await world.listener.settled();
  const since = world.listener.received.length;
  for (let index = 0; index < count; index++) await open(`burst ${index}`);
  await world.listener.settled();
  return world.listener.received.slice(since).filter((each) => each.event === 'issues');
}

test('deliveries are dropped and duplicated as the seed says, and a dropped one is sent again on request', async () => {
  await world.admin('PUT', '/deliveries/faults', { seed: 3, drop: 0.4, duplicate: 0.4 });
  const heard = await burst(20);
  const guids = new Set(heard.map(({ guid }) => guid));
  assert.ok(guids.size < 20 && guids.size > 4, String(guids.size));
  assert.ok(heard.length > guids.size);
  const hook = (await world.rest('boss', `GET ${R}/hooks`)).body[0].id;
  const { body } = await world.rest('boss', `GET ${R}/hooks/${hook}/deliveries?per_page=100`);
  const lost = body.filter(
    (each: { status_code: number; guid: string }) => each.status_code === 0 && !guids.has(each.guid),
  );
  assert.equal(lost.length, 20 - guids.size);
  await world.rest('boss', `POST ${R}/hooks/${hook}/deliveries/${lost[0].id}/attempts`, undefined, 202);
  await world.listener.settled();
  assert.equal(world.listener.received.at(-1)?.guid, lost[0].guid);
});

test('deliveries pass each other when reordered, and keep their order when only delayed', async () => {
  const numbers = (heard: Awaited<ReturnType<typeof burst>>) => heard.map(({ payload }) => payload.issue.number);
  await world.admin('PUT', '/deliveries/faults', { seed: 5, delay: 0.5, maxDelayMs: 20 });
  const delayed = numbers(await burst(8));
  assert.deepEqual(
    delayed,
    delayed.toSorted((a, b) => a - b),
  );
  await world.admin('PUT', '/deliveries/faults', { seed: 5, reorder: 0.5, maxDelayMs: 2000 });
  const heard = numbers(await burst(12));
  assert.equal(new Set(heard).size, 12);
  assert.notDeepEqual(
    heard,
    heard.toSorted((a, b) => a - b),
  );
});

test('a delivery that failed is not sent again by itself, as on GitHub', async () => {
  await world.listener.settled();
  const since = world.listener.received.length;
  world.listener.answers.push(500);
  await open('unheard');
  await open('heard');
  await world.listener.settled();
  assert.equal(world.listener.received.slice(since).length, 1);
});
