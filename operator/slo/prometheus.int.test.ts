import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { askPrometheus } from './prometheus.ts';

const AT = 1_700_000_000_123;
const good = JSON.stringify({
  status: 'success',
  data: { resultType: 'vector', result: [{ metric: {}, value: [AT / 1_000, '0.25'] }] },
});
const json = { 'content-type': 'application/json' };

/** The base URL of a server that answers like this. */
async function serving(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

test('a query is posted as a form, with its moment, a time of its own and a limit, and no credential', async (t) => {
  const seen: { url?: string; method?: string; form?: URLSearchParams; headers?: object } = {};
  const url = await serving(t, async (request, response) => {
    Object.assign(seen, { url: request.url, method: request.method, headers: request.headers });
    seen.form = new URLSearchParams(await textOf(request));
    response.writeHead(200, json).end(good);
  });
  const query = 'sum(rate(a{b="&query=up"}[5m]))\n# é';
  const sample = await askPrometheus({ url: `${url}/prefix/`, query, at: AT });
  assert.deepEqual(sample, { known: true, value: 0.25 });
  assert.deepEqual([seen.method, seen.url], ['POST', '/prefix/api/v1/query']);
  assert.deepEqual(Object.fromEntries(seen.form!), { query, time: '1700000000.123', timeout: '4000ms', limit: '2' });
  assert.ok(!('authorization' in seen.headers!) && !('cookie' in seen.headers!));
});

test('a redirect is not followed, and nothing is asked where it leads', async (t) => {
  let asked = 0;
  const inside = await serving(t, (_request, response) => {
    asked += 1;
    response.writeHead(200, json).end(good);
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serving(t, (_request, response) => {
      response.writeHead(status, { ...json, location: `${inside}/api/v1/query` }).end();
    });
    const sample = await askPrometheus({ url, query: 'up', at: AT });
    assert.equal(sample.known ? null : sample.problem, 'Unreadable', String(status));
  }
  assert.equal(asked, 0);
});

const hostile: readonly [string, RequestListener, string][] = [
  [
    'HTML with status 200',
    (_q, r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>0.1</html>'),
    'Unreadable',
  ],
  [
    'a good answer under another type',
    (_q, r) => r.writeHead(200, { 'content-type': 'text/plain' }).end(good),
    'Unreadable',
  ],
  ['a good answer with status 500', (_q, r) => r.writeHead(500, json).end(good), 'Unreadable'],
  ['a good answer with status 503', (_q, r) => r.writeHead(503, json).end(good), 'Unreadable'],
  ['a login page', (_q, r) => r.writeHead(401, { 'content-type': 'text/html' }).end('who are you'), 'Unreadable'],
  [
    'an error of the query',
    (_q, r) => r.writeHead(400, json).end('{"status":"error","errorType":"bad_data","error":"parse error"}'),
    'Refused',
  ],
  [
    'a connection that ends in the middle',
    (_q, r) => void r.writeHead(200, json).write(good.slice(0, 20), () => r.destroy()),
    'Unreachable',
  ],
  ['no answer but an end', (_q, r) => void r.destroy(), 'Unreachable'],
];
for (const [title, answer, problem] of hostile)
  test(`whatever is answered is no number unless it is one: ${title}`, async (t) => {
    const sample = await askPrometheus({ url: await serving(t, answer), query: 'up', at: AT });
    assert.equal(sample.known ? null : sample.problem, problem);
  });

test('megabytes are not read to their end, whether or not their length is told', async (t) => {
  for (const told of [true, false]) {
    let sent = 0;
    const url = await serving(t, (_request, response) => {
      const chunk = Buffer.alloc(64 * 1_024, ' ');
      response.writeHead(200, { ...json, ...(told && { 'content-length': String(1 << 30) }) });
      const more = () => {
        while (!response.destroyed && sent < 1 << 28) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    const sample = await askPrometheus({ url, query: 'up', at: AT });
    assert.equal(sample.known ? null : sample.problem, 'Unreadable');
    assert.ok(sent < 1 << 26, `${sent} bytes`);
  }
});

test('an answer that never comes, and one that comes a byte at a time, are given up with whoever asks', async (t) => {
  const silent = await serving(t, () => {});
  const slow = await serving(t, (_request, response) => {
    response.writeHead(200, json);
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  });
  for (const url of [silent, slow]) {
    const over = new AbortController();
    const sample = askPrometheus({ url, query: 'up', at: AT }, over.signal);
    over.abort();
    const answer = await sample;
    assert.equal(answer.known ? null : answer.problem, 'Unreachable');
  }
});

test('a server that is not there cannot be reached', async () => {
  const sample = await askPrometheus({ url: 'http://127.0.0.1:1', query: 'up', at: AT });
  assert.equal(sample.known ? null : sample.problem, 'Unreachable');
});
