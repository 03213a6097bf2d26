import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AUTH, answerTo, Client, openWorld, refusal, serve, TOKEN } from './world.int-kit.ts';

/** A listed host for plain HTTP that keeps what it was asked. */
async function open(t: TestContext) {
  const world = await openWorld(t);
  const asked: { method: string; url: string; raw: string[]; body: string }[] = [];
  const answer = async (request: IncomingMessage) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ method: request.method!, url: request.url!, raw: request.rawHeaders, body });
  };
  const server = createServer(async (request, response) => {
    await answer(request);
    response.setHeader('x-from', 'host').end('hello');
  });
  const port = await serve(t, server);
  const authority = `deb.example:${port}`;
  world.allow = [`http://${authority}`];
  const request = (line = `GET http://${authority}/x?y=1`, more = '', body = '') =>
    `${line} HTTP/1.1\r\nHost: ${authority}\r\n${AUTH}Connection: close\r\n${more}\r\n${body}`;
  return { world, asked, authority, request };
}

test('plain HTTP reaches a host that is listed for it, in origin form', async (t) => {
  const { world, asked, request } = await open(t);
  const answer = await answerTo(world, request());
  assert.match(answer, /^HTTP\/1.1 200 OK[\s\S]*x-from: host[\s\S]*hello/);
  assert.deepEqual([asked[0]?.method, asked[0]?.url], ['GET', '/x?y=1']);
});

test('the token, what Connection names and other headers of the hop go no further; the rest does', async (t) => {
  const { world, asked, authority } = await open(t);
  const lines = [
    `POST http://${authority}/ HTTP/1.1`,
    `Host: ${authority}`,
    'Proxy-Connection: keep-alive',
    'Connection: close, X-Hop, Content-Length',
    'X-Hop: 1',
    'X-End: 2',
    'Upgrade: websocket',
    'TE: trailers',
    'Content-Length: 4',
  ];
  await answerTo(world, `${lines.join('\r\n')}\r\n${AUTH}\r\nbody`);
  const names = asked[0]!.raw.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  assert.deepEqual(names.sort(), ['connection', 'content-length', 'host', 'x-end']);
  assert.equal(asked[0]!.body, 'body');
  assert.ok(!JSON.stringify(asked).includes(TOKEN));
});

test('without http:// on the list it is refused as plain HTTP, in words that name the entry', async (t) => {
  const { world, asked, authority, request } = await open(t);
  world.allow = [authority];
  assert.deepEqual(await refusal(world, request()), [
    403,
    `http://${authority} is refused (PlainNotListed): to allow it, add it to spec.egress.allow of Repository widgets.`,
  ]);
  assert.equal(asked.length, 0);
});

test('a Host header that names another host, a user in the URL, and https without CONNECT are 400', async (t) => {
  const { world, asked, authority, request } = await open(t);
  const other = request().replace(`Host: ${authority}`, 'Host: evil.example');
  for (const bad of [
    other,
    other.replace('Host: evil.example', `Host: ${authority}\r\nHost: evil.example`),
    request(`GET http://u:p@${authority}/`),
    request(`GET https://${authority}/`),
    request('GET ftp://deb.example/'),
    request('GET deb.example'),
  ])
    assert.equal((await refusal(world, bad))[0], 400, bad);
  assert.deepEqual([asked.length, world.told.length], [0, 0]);
});

test('a body that hides a second request arrives as one body', async (t) => {
  const { world, asked, authority, request } = await open(t);
  const hidden = `GET http://${authority}/admin HTTP/1.1\r\nHost: x\r\n\r\n`;
  await answerTo(world, request(`POST http://${authority}/`, `Content-Length: ${hidden.length}\r\n`, hidden));
  const chunked = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
  await answerTo(world, request(`POST http://${authority}/`, 'Transfer-Encoding: chunked\r\n', chunked));
  assert.deepEqual(
    asked.map(({ url, body }) => [url, body]),
    [
      ['/', hidden],
      ['/', hidden],
    ],
  );
});

test('every request of one connection is judged by itself', async (t) => {
  const { world, asked, authority, request } = await open(t);
  const keep = request().replace('Connection: close\r\n', '');
  const client = new Client(world, keep);
  await client.hears(/hello/);
  world.allow = [];
  client.socket.write(keep);
  assert.match(await client.toEnd(), /hello[\s\S]*403 Forbidden/);
  assert.equal(asked.length, 1);
  assert.ok(authority);
});

test('a host that breaks off in the middle of its answer ends the answer, and the proxy lives', async (t) => {
  const { world, request } = await open(t);
  const broken = createTcpServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      socket.resetAndDestroy();
    });
  });
  const port = await serve(t, broken);
  world.allow.push(`http://b.example:${port}`);
  const answer = await answerTo(
    world,
    `GET http://b.example:${port}/ HTTP/1.1\r\nHost: b.example:${port}\r\n${AUTH}\r\n`,
  );
  assert.doesNotMatch(answer, /403|407/);
  assert.match(await answerTo(world, request()), /hello/);
});

test('the probes are answered without a token, and nothing else in origin form is', async (t) => {
  const world = await openWorld(t);
  for (const [path, status] of [
    ['/healthz', 200],
    ['/readyz', 200],
    ['/', 404],
    ['/x', 404],
  ] as const)
    assert.equal((await fetch(`${world.url}${path}`)).status, status, path);
});
