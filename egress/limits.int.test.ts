import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { until } from '../test/kit/cluster-wait.ts';
import { MAX_AWAITED } from './server.ts';
import { Client, connectTo, echo, openWorld, refusal, serve } from './world.int-kit.ts';

async function open(t: TestContext, change: Parameters<typeof openWorld>[1] = {}) {
  const world = await openWorld(t, change);
  const port = await serve(t, echo());
  const target = `a.example:${port}`;
  world.allow = [target];
  const tunnel = async () => {
    const client = new Client(world, `${connectTo(target)}x`);
    await client.hears(/x$/);
    return client;
  };
  return { world, target, tunnel };
}

test('a task holds as many connections as it may; a further one is 429, and one that ended makes room', async (t) => {
  const { world, target, tunnel } = await open(t, { connections: 2 });
  const [first] = [await tunnel(), await tunnel()];
  assert.deepEqual(await refusal(world, connectTo(target)), [
    429,
    'The task holds as many connections as it may. End one first.',
  ]);
  first.socket.destroy();
  await until('there is room again', async () => (await tunnel().catch(() => null)) !== null);
  assert.equal(world.told[0]?.reason, 'ConnectionsExhausted');
});

test('a refused and a failed connection give their place back', async (t) => {
  const { world, target, tunnel } = await open(t, { connections: 1 });
  world.addresses['a.example'] = ['10.0.0.1'];
  for (let time = 0; time < 3; time += 1) assert.equal((await refusal(world, connectTo(target)))[0], 403);
  world.addresses['a.example'] = [];
  assert.equal((await refusal(world, connectTo(target)))[0], 502);
  world.addresses['a.example'] = ['127.0.0.1'];
  (await tunnel()).socket.destroy();
});

test('a task that has moved its bytes is cut, told, and gets no further connection', async (t) => {
  const { world, target, tunnel } = await open(t, { bytes: 50_000 });
  const client = await tunnel();
  client.socket.write('y'.repeat(60_000));
  await client.hears(/y{60000}$/);
  await world.tick();
  await client.toEnd();
  assert.equal((await refusal(world, connectTo(target)))[0], 403);
  assert.equal(world.told[0]?.reason, 'TransferExhausted');
});

test('of connections that ask for nothing one address keeps a bounded number, and one that asks at once is served after them', async (t) => {
  const { world, tunnel } = await open(t);
  const silent: Client[] = [];
  for (let batch = 0; batch < 3; batch += 1) {
    const more = Array.from({ length: 100 }, () => new Client(world));
    await Promise.all(more.map(({ socket }) => once(socket, 'connect')));
    silent.push(...more);
  }
  await until('the rest is cut', () => silent.filter(({ ended }) => ended).length === silent.length - MAX_AWAITED);
  for (const { socket } of silent.slice(0, 10)) socket.destroy();
  await until('there is room again', async () => (await tunnel().catch(() => null)) !== null);
  assert.equal(silent.filter(({ ended }) => ended).length, silent.length - MAX_AWAITED + 10);
  for (const { socket } of silent) socket.destroy();
});

test('a connection without a byte for the idle time is cut', async (t) => {
  const { tunnel } = await open(t, { idleMs: 50 });
  await (await tunnel()).toEnd();
});

test('taking a host off the list cuts what is open to it within fifteen seconds and tells it; the rest stays', async (t) => {
  const { world, target, tunnel } = await open(t);
  const port = await serve(t, echo());
  world.allow = [target, `b.example:${port}`];
  const client = await tunnel();
  const other = new Client(world, `${connectTo(`b.example:${port}`)}x`);
  await other.hears(/x$/);
  world.allow = [`b.example:${port}`];
  world.at = 14_999;
  await world.tick();
  assert.equal(client.ended, false);
  world.at = 15_000;
  await world.tick();
  await client.toEnd();
  assert.deepEqual([world.told[0]?.host, world.told[0]?.reason], ['a.example', 'HostNotListed']);
  other.socket.write('y');
  await other.hears(/xy$/);
});

test('a claim that ends takes its connections with it', async (t) => {
  const { world, tunnel } = await open(t);
  const client = await tunnel();
  world.conductor = 'ended';
  world.at = 15_000;
  await world.tick();
  await client.toEnd();
});

test('a conductor that is away for a moment cuts nothing, one that stays away cuts all within a minute', async (t) => {
  const { world, tunnel } = await open(t);
  const client = await tunnel();
  world.conductor = 'silent';
  for (world.at = 15_000; world.at < 60_000; world.at += 15_000) await world.tick();
  client.socket.write('y');
  await client.hears(/xy$/);
  await world.tick();
  await client.toEnd();
});

test('a script in a loop is one event at once and one a minute with the count', async (t) => {
  const { world } = await open(t);
  for (let time = 0; time < 20; time += 1) await refusal(world, connectTo(`evil.example:${443 + (time % 2)}`));
  await world.tick();
  assert.equal(world.told.length, 1);
  world.at = 60_000;
  await world.tick();
  assert.deepEqual(
    world.told.map(({ host, port, count }) => [host, port, count]),
    [
      ['evil.example', 443, 1],
      ['evil.example', null, 19],
    ],
  );
});

test('stopping lets what is open end, takes nothing new, and tells what was not told yet', async (t) => {
  const { world, tunnel } = await open(t, { graceMs: 5_000 });
  for (let time = 0; time < 3; time += 1) await refusal(world, connectTo('evil.example:443'));
  const client = await tunnel();
  const stopped = world.stop();
  client.socket.write('y');
  await client.hears(/xy$/);
  await assert.rejects(fetch(`${world.url}/healthz`));
  client.socket.end();
  await client.toEnd();
  await stopped;
  assert.deepEqual(
    world.told.map(({ count }) => count),
    [1, 2],
  );
});

test('a stop does not wait for a connection longer than its grace', async (t) => {
  const { world, tunnel } = await open(t, { graceMs: 50 });
  const client = await tunnel();
  await Promise.all([world.stop(), client.toEnd()]);
});

test('a client that leaves takes the connection to the host with it', async (t) => {
  const world = await openWorld(t);
  const gone = Promise.withResolvers<void>();
  const server = createServer((socket) => socket.on('close', () => gone.resolve()).on('error', () => {}));
  const port = await serve(t, server);
  world.allow = [`a.example:${port}`];
  const client = new Client(world, connectTo(`a.example:${port}`));
  await client.hears(/ 200 /);
  client.socket.resetAndDestroy();
  await gone.promise;
});

test('TLS goes through a tunnel end to end', async (t) => {
  const world = await openWorld(t);
  // A shared key stands for a certificate, which nothing here could sign.
  const key = { psk: Buffer.alloc(32, 7), identity: 'test' };
  const psk = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
  const server = createTlsServer({ ...psk, pskCallback: () => key.psk }, (socket) => socket.end('secret hello'));
  const port = await serve(t, server);
  world.allow = [`a.example:${port}`];
  const client = new Client(world, connectTo(`a.example:${port}`));
  await client.hears(/ 200 [\s\S]*\r\n\r\n$/);
  client.socket.removeAllListeners('data');
  const secure = tlsConnect({
    ...psk,
    socket: client.socket,
    pskCallback: () => key,
    checkServerIdentity: () => undefined,
  });
  const [text] = await once(secure, 'data');
  assert.equal(String(text), 'secret hello');
  secure.destroy();
});
