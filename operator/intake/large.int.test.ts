import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import type { Repository } from '#crds';
import { listen, problemHandler } from '#lib/http';
import { repositoryOf, SECRET, send, sign } from './intake.int-kit.ts';
import { MAX_VALUES } from './payload.ts';
import { Payloads, type PayloadsOptions } from './payloads.ts';
import { intakeRoute } from './route.ts';

const MIB = 1024 * 1024;
const REPOSITORY = '"repository":{"id":5,"full_name":"acme/widgets"}';

/** The route over a database that keeps ids, with two tenants, each with a secret of its own. */
function serve(t: TestContext, options: PayloadsOptions = {}) {
  const ids: string[] = [];
  const query = async (_sql: string, [id]: [string]) => ({ rowCount: ids.includes(id) ? 0 : ids.push(id) && 1 });
  const payloads = new Payloads(options);
  t.after(() => payloads.close());
  const repositories = [repositoryOf(5, 'acme/widgets'), repositoryOf(6, 'acme/gears')];
  const app = new Hono();
  app.onError(problemHandler());
  const route = intakeRoute({
    db: { query } as never,
    repositories: () => repositories,
    webhookSecret: async ({ status }: Repository) => (status?.forge?.repositoryID === 5 ? SECRET : 'of gears'),
    payloads,
    onStored: () => {},
    now: () => 0,
  });
  app.post('/webhooks/github', route);
  return { app, ids };
}

/** A body of some 25 MiB that begins like a delivery; whole, where the filling ends with a comma. */
function whole(filling: string): string {
  const count = Math.floor((25 * MIB - 100) / filling.length);
  return `{${REPOSITORY},"x":[${filling.repeat(count)}0]}`;
}

async function reasonOf(answer: Response): Promise<[number, string]> {
  return [answer.status, ((await answer.json()) as { reason: string }).reason];
}

test("25 MiB of a tenant's own signing are read beside: another tenant's delivery that comes after them is answered before", async (t) => {
  const { app, ids } = serve(t);
  const large = whole(`"${'y'.repeat(1_000)}",`);
  assert.ok(large.length > 24 * MIB);
  const parse = t.mock.method(JSON, 'parse');
  const first = send(app, 'push', large, { id: 'large' });
  const small = { repository: { id: 6, full_name: 'acme/gears' } };
  assert.equal((await send(app, 'push', small, { id: 'small', secret: 'of gears' })).status, 202);
  assert.equal((await first).status, 202);
  assert.deepEqual(ids, ['small', 'large']);
  assert.equal(parse.mock.callCount(), 1, 'the large one was not parsed on this thread');
});

test('a large body is refused for what a small one is: a signature by another secret, no JSON, a repository of somebody else', async (t) => {
  const { app, ids } = serve(t);
  const large = whole(`"${'y'.repeat(1_000)}",`);
  assert.deepEqual(await reasonOf(await send(app, 'push', large, { secret: 'guess' })), [401, 'BadSignature']);
  assert.deepEqual(await reasonOf(await send(app, 'push', large, { secret: 'of gears' })), [401, 'BadSignature']);
  assert.deepEqual(
    await reasonOf(await send(app, 'push', large, { headers: { 'x-hub-signature-256': 'sha256=00' } })),
    [401, 'BadSignature'],
  );
  assert.deepEqual(await reasonOf(await send(app, 'push', large.slice(0, -1))), [400, 'NotJSON']);
  assert.deepEqual(await reasonOf(await send(app, 'push', large.replace('"id":5', '"id":9'))), [
    404,
    'UnknownRepository',
  ]);
  assert.deepEqual(ids, []);
});

for (const [title, filling] of [
  ['empty lists', '[],'],
  ['nested lists', '['],
  ['nested objects', '{"":'],
] as const)
  test(`25 MiB of ${title} are 413 for their number, before any is built`, async (t) => {
    const { app } = serve(t);
    assert.deepEqual(await reasonOf(await send(app, 'push', whole(filling))), [413, 'TooManyValues']);
  });

test('as many values as a body may hold are read; commas and brackets inside of strings count for nothing', async (t) => {
  const { app } = serve(t);
  const list = `{${REPOSITORY},"x":[${'1,'.repeat(MAX_VALUES - 10)}1]}`;
  assert.equal((await send(app, 'push', list)).status, 202);
  const text = JSON.stringify({ text: '[{,\\"'.repeat(2 * MAX_VALUES) }).slice(1, -1);
  assert.equal((await send(app, 'push', `{${REPOSITORY},${text}}`)).status, 202);
});

test('a large body whose reading takes too long is 503, and the next one is read', async (t) => {
  const { app, ids } = serve(t, { withinMs: 1 });
  const answer = await send(app, 'push', whole(`"${'y'.repeat(1_000)}",`));
  assert.equal(answer.headers.get('retry-after'), '10');
  assert.deepEqual(await reasonOf(answer), [503, 'Busy']);
  assert.deepEqual(ids, []);
  const { app: patient } = serve(t);
  assert.equal((await send(patient, 'push', `{${REPOSITORY},"x":"${'y'.repeat(MIB)}"}`)).status, 202);
});

for (const declared of [true, false])
  test(`a gigabyte over a socket, its length ${declared ? 'told' : 'not told'}: 413, and what was sent of it meanwhile stays small`, async (t) => {
    const { app } = serve(t);
    const listening = await listen(app);
    t.after(() => listening.close(0));
    const { status, sent } = await pour(`${listening.url}/webhooks/github`, 1024 * MIB, declared);
    assert.equal(status, 413);
    assert.ok(sent < 40 * MIB, `${sent} bytes went out`);
  });

/** Sends `size` bytes until the answer comes or the connection is cut; how many went out by then. */
async function pour(url: string, size: number, declared: boolean): Promise<{ status: number; sent: number }> {
  const outgoing = request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': 'giant',
      'x-hub-signature-256': sign(''),
      ...(declared && { 'content-length': size }),
    },
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  let over = false;
  answered.then(() => {
    over = true;
  });
  outgoing.on('error', () => {});
  const chunk = Buffer.alloc(MIB, ' ');
  let sent = 0;
  while (!over && sent < size) {
    sent += chunk.length;
    if (!outgoing.write(chunk)) await Promise.race([once(outgoing, 'drain').catch(() => {}), answered]);
  }
  const [{ statusCode = 0 }] = await answered;
  outgoing.destroy();
  return { status: statusCode, sent };
}
