import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { startRelay } from '../sandbox/server/relay.ts';
import { startEgress } from './index.ts';

interface Seen {
  line: string;
  token: string | undefined;
}

/** An egress proxy that notes what it is told and lets `open.test` through, to itself. */
async function proxyDouble(t: TestContext) {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((asked, answer) => {
    seen.push({ line: `${asked.method} ${asked.url}`, token: asked.headers['proxy-authorization'] });
    answer.end(JSON.stringify(asked.headers));
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (asked, socket, head) => {
    seen.push({ line: `CONNECT ${asked.url}`, token: asked.headers['proxy-authorization'] });
    if (asked.url !== 'open.test:443')
      return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 19\r\n\r\nspec.egress says no\n');
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    socket.write(head);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The whole way: what runs → relay in the sandbox → socket → runtime → proxy. `say` speaks raw bytes to the relay. */
async function way(t: TestContext, url: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'rig-egress-'));
  const socket = join(folder, 'egress.sock');
  let token = 'token-1';
  const egress = await startEgress({ socket, url, token: () => token });
  const relay = await startRelay(socket);
  t.after(() => {
    relay.close();
    egress.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const say = (bytes: string) => {
    const peer = connect(relay.port, '127.0.0.1');
    peer.write(bytes);
    return text(peer);
  };
  return { say, port: relay.port, folder, socket, renew: () => (token = 'token-2') };
}

const tunnel = (port: number, path: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number | undefined; socket: Socket; head: Buffer }>((resolve, reject) => {
    const sent = request({ port, method: 'CONNECT', path, headers, agent: false });
    sent.on('connect', (answer, socket: Socket, head: Buffer) => resolve({ status: answer.statusCode, socket, head }));
    sent.on('error', reject);
    sent.end();
  });

test('a tunnel carries bytes both ways, and the proxy is told the token of the moment', async (t) => {
  const { seen, url } = await proxyDouble(t);
  const { port, renew } = await way(t, url);
  for (const expected of ['Bearer token-1', 'Bearer token-2']) {
    const { status, socket } = await tunnel(port, 'open.test:443');
    assert.equal(status, 200);
    socket.end('hello through the tunnel');
    assert.equal(await text(socket), 'hello through the tunnel');
    assert.deepEqual(seen.at(-1), { line: 'CONNECT open.test:443', token: expected });
    renew();
  }
});

test('what the proxy says to a refused host reaches who asked, word for word', async (t) => {
  const { url } = await proxyDouble(t);
  const { say } = await way(t, url);
  assert.match(
    await say('CONNECT closed.test:443 HTTP/1.1\r\nHost: closed.test:443\r\n\r\n'),
    /^HTTP\/1.1 403 [\s\S]*spec\.egress says no/,
  );
});

test('a token that the sandbox sends itself is replaced, and no other header of the hop goes on', async (t) => {
  const { seen, url } = await proxyDouble(t);
  const { say } = await way(t, url);
  const answer = await say(
    'GET http://open.test/x HTTP/1.1\r\nHost: open.test\r\nProxy-Authorization: Bearer forged\r\nProxy-Connection: keep-alive\r\nX-Own: 1\r\nConnection: close\r\n\r\n',
  );
  assert.deepEqual(seen, [{ line: 'GET http://open.test/x', token: 'Bearer token-1' }]);
  assert.match(answer, /"x-own":"1"/);
  assert.doesNotMatch(answer, /forged|proxy-connection/);
});

test('a method that sends headers back, a path without a host, and what is no HTTP never reach the proxy', async (t) => {
  const { seen, url } = await proxyDouble(t);
  const { say } = await way(t, url);
  for (const bytes of [
    'TRACE http://open.test/ HTTP/1.1\r\nHost: open.test\r\nMax-Forwards: 0\r\n\r\n',
    'GET /relative HTTP/1.1\r\nHost: open.test\r\n\r\n',
    'GET https://open.test/ HTTP/1.1\r\nHost: open.test\r\n\r\n',
    'CONNECT open.test HTTP/1.1\r\nHost: open.test\r\n\r\n',
    'CONNECT open.test:443@evil.test:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET http://open.test/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    '\x05\x01\x00',
  ])
    assert.match(await say(`${bytes}\r\n\r\n`), /^HTTP\/1.1 (400|501)/, bytes);
  assert.deepEqual(seen, []);
});

test('a second request behind the first is told the token as well, so none goes out without it', async (t) => {
  const { seen, url } = await proxyDouble(t);
  const { say } = await way(t, url);
  const one = 'GET http://open.test/1 HTTP/1.1\r\nHost: a\r\n\r\n';
  await say(one + one.replace('/1', '/2').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  assert.ok(seen.every(({ token }) => token === 'Bearer token-1'));
});

test('without a proxy every request is answered 403 with one sentence', async (t) => {
  const { say } = await way(t, undefined);
  for (const line of ['CONNECT open.test:443', 'GET http://open.test/'])
    assert.match(
      await say(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`),
      /^HTTP\/1.1 403 [\s\S]*\r\n\r\nThis task has no way out: /,
    );
});

test('a proxy that is away is told as 502', async (t) => {
  const { say } = await way(t, 'http://127.0.0.1:1');
  for (const line of ['CONNECT open.test:443', 'GET http://open.test/'])
    assert.match(await say(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1.1 502 /);
});

test('a socket that is left over is replaced; one that is alive, a file and a link to a file are left alone', async (t) => {
  const { socket, folder } = await way(t, undefined);
  const options = { url: undefined, token: () => 'x' };
  await assert.rejects(startEgress({ ...options, socket }), /Somebody listens on .* already/);
  const file = join(folder, 'file');
  writeFileSync(file, 'kept');
  symlinkSync(file, join(folder, 'link'));
  for (const name of ['file', 'link'])
    await assert.rejects(startEgress({ ...options, socket: join(folder, name) }), /is no socket; remove it/);
});
