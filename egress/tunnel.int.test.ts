import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AUTH, answerTo, Client, connectTo, echo, openWorld, refusal, serve, TOKEN } from './world.int-kit.ts';

async function open(t: TestContext, change: Parameters<typeof openWorld>[1] = {}) {
  const world = await openWorld(t, change);
  const port = await serve(t, echo());
  world.allow = [`a.example:${port}`];
  return { world, port, target: `a.example:${port}` };
}

test('a tunnel to a listed host carries bytes both ways, also those sent before its answer', async (t) => {
  const { world, target } = await open(t);
  const client = new Client(world, `${connectTo(target)}early `);
  await client.hears(/200 Connection Established\r\n\r\nearly /);
  client.socket.write('late');
  await client.hears(/early late$/);
  client.socket.end();
  assert.match(await client.toEnd(), /early late$/);
  assert.deepEqual(world.told, []);
});

test('a bearer token is taken as well as the password of a proxy URL', async (t) => {
  const { world, target } = await open(t);
  const client = new Client(world, connectTo(target, `Proxy-Authorization: Bearer ${TOKEN}\r\n`));
  await client.hears(/ 200 /);
  client.socket.destroy();
});

test('a host that is not listed is refused in one sentence that names the field, told once, and never looked up', async (t) => {
  const { world } = await open(t);
  const [status, sentence] = await refusal(world, connectTo('evil.example:443'));
  assert.equal(status, 403);
  assert.equal(
    sentence,
    'evil.example:443 is refused (HostNotListed): to allow it, add it to spec.egress.allow of Repository widgets.',
  );
  assert.deepEqual(world.told, [
    { namespace: 'team', task: 'i7-implement-1-1', host: 'evil.example', port: 443, reason: 'HostNotListed', count: 1 },
  ]);
  assert.deepEqual(world.looked, []);
});

test('upper case, a trailing dot and a number for an address are the host that they mean', async (t) => {
  const { world, port } = await open(t);
  for (const host of ['A.Example', 'a.example.']) {
    const client = new Client(world, connectTo(`${host}:${port}`));
    await client.hears(/ 200 /);
    client.socket.destroy();
  }
  for (const host of ['127.0.0.1', '0x7f.1', '2130706433', '[::1]', '[::ffff:7f00:1]'])
    assert.equal((await refusal(world, connectTo(`${host}:${port}`)))[0], 403, host);
});

test('an address is reached where it is listed, IPv6 in brackets', async (t) => {
  const world = await openWorld(t);
  const port = await serve(t, echo(), '::1');
  world.allow = [`[::1]:${port}`];
  const client = new Client(world, `${connectTo(`[0:0::1]:${port}`)}x`);
  await client.hears(/ 200 [\s\S]*x$/);
  client.socket.destroy();
});

test('a user, a path, no port, spaces and escapes are 400, and nothing is told of them', async (t) => {
  const { world, port } = await open(t);
  for (const target of [
    `u:p@a.example:${port}`,
    `a.example:${port}/x`,
    'a.example',
    `a.example:${port}?`,
    `%61.example:${port}`,
    '[fe80::1%25lo]:443',
    `http://a.example:${port}`,
    ':443',
  ])
    assert.deepEqual(
      await refusal(world, connectTo(target)),
      [400, 'The request names no host that can be connected to: write host:port, without a user.'],
      target,
    );
  assert.deepEqual([world.told, world.looked], [[], []]);
});

test('without a token, with a wrong one, or with another scheme: 407 that names the scheme', async (t) => {
  const { world, target } = await open(t);
  const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`;
  for (const auth of [
    '',
    basic('task:wrong'),
    basic(TOKEN),
    'Proxy-Authorization: Digest x\r\n',
    `Authorization: Bearer ${TOKEN}\r\n`,
  ]) {
    const answer = await answerTo(world, connectTo(target, auth));
    assert.match(answer, /^HTTP\/1.1 407 [\s\S]*proxy-authenticate: Basic realm="rig-egress"/, auth);
  }
});

test('an ended claim is 403 and a conductor that does not answer 503: nothing is connected', async (t) => {
  const { world, target } = await open(t);
  world.conductor = 'ended';
  assert.deepEqual(await refusal(world, connectTo(target)), [403, 'The claim of the task has ended.']);
  world.conductor = 'silent';
  assert.equal((await refusal(world, connectTo(target)))[0], 503);
  assert.deepEqual(world.looked, []);
});

test('a name that leads inside the network is refused, also when only one of its addresses does', async (t) => {
  const { world, target, port } = await open(t);
  for (const address of [
    '169.254.169.254',
    '10.0.0.1',
    '127.0.0.2',
    '::ffff:10.0.0.1',
    'fd00::1',
    'fe80::1',
    '64:ff9b::a00:1',
  ]) {
    world.addresses['a.example'] = ['127.0.0.1', address];
    assert.deepEqual(
      await refusal(world, connectTo(target)),
      [403, 'a.example leads to an address inside the network; no task may go there.'],
      address,
    );
  }
  assert.deepEqual([world.told[0]?.reason, world.told[0]?.port], ['AddressRefused', port]);
});

test('the proxy itself, the API server and the metadata service are refused although they are listed, as addresses and as names', async (t) => {
  const world = await openWorld(t, { allowRanges: [] });
  const hosts: [host: string, address: string][] = [
    [`127.0.0.1:${world.port}`, ''],
    [`[::1]:${world.port}`, ''],
    [`[::ffff:7f00:1]:${world.port}`, ''],
    ['169.254.169.254:80', ''],
    ['10.96.0.1:443', ''],
    [`localhost:${world.port}`, '127.0.0.1'],
    ['kubernetes.default.svc.cluster.local:443', '10.96.0.1'],
    ['metadata.google.internal:80', '169.254.169.254'],
    ['rig-egress.rig-system.svc.cluster.local:8083', '10.1.2.3'],
  ];
  world.allow = hosts.map(([host]) => host);
  for (const [host, address] of hosts) {
    world.addresses[host.replace(/:\d+$/, '')] = [address];
    const [status, sentence] = await refusal(world, connectTo(host));
    assert.deepEqual([status, /leads to an address inside the network/.test(sentence)], [403, true], host);
  }
  assert.deepEqual(
    world.told.map(({ reason }) => reason),
    hosts.map(() => 'AddressRefused'),
  );
});

test('a name is looked up once for each connection: what it answers afterwards changes nothing', async (t) => {
  const asked: string[] = [];
  const { world, target } = await open(t, {
    lookup: async (host) => {
      asked.push(host);
      return [{ address: asked.length === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }];
    },
  });
  const client = new Client(world, `${connectTo(target)}x`);
  await client.hears(/x$/);
  assert.deepEqual(asked, ['a.example']);
  assert.equal((await refusal(world, connectTo(target)))[0], 403);
  client.socket.destroy();
});

test('a name that does not resolve and a port nobody listens on are 502', async (t) => {
  const world = await openWorld(t, {
    lookup: async (host) => {
      if (host === 'missing.example') throw Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' });
      return [{ address: '127.0.0.1', family: 4 }];
    },
  });
  const closed = createServer();
  const port = await serve(t, closed);
  closed.close();
  world.allow = ['missing.example', `closed.example:${port}`];
  assert.deepEqual(await refusal(world, connectTo('missing.example:443')), [
    502,
    'missing.example does not resolve; check the name.',
  ]);
  assert.deepEqual(await refusal(world, connectTo(`closed.example:${port}`)), [
    502,
    `closed.example:${port} cannot be connected to; try again.`,
  ]);
  assert.deepEqual(world.told, []);
});

test('a client that has said all may still hear, and a host that has said all may still be told', async (t) => {
  const { world } = await open(t);
  const heard = Promise.withResolvers<string>();
  const port = await serve(
    t,
    createServer({ allowHalfOpen: true }, async (socket) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk));
      socket.write('hello');
      const [word] = [await once(socket, 'data')];
      assert.ok(word);
      socket.end('bye');
      await once(socket, 'end');
      heard.resolve(text);
    }),
  );
  world.allow.push(`b.example:${port}`);
  const client = new Client(world, connectTo(`b.example:${port}`));
  await client.hears(/hello/);
  client.socket.write('one ');
  await once(client.socket, 'end');
  client.socket.end('two');
  assert.equal(await heard.promise, 'one two');
  assert.match(client.heard, /hellobye$/);
});

test('a client that says nothing, or its headers byte by byte, is cut', async (t) => {
  const { world } = await open(t, { firstRequestMs: 100 });
  const silent = new Client(world);
  const slow = new Client(world, 'CONNECT a.example:443 HTTP/1.1\r\n');
  const drip = setInterval(() => slow.socket.write('X-A: 1\r\n'), 20);
  await Promise.all([silent.toEnd(), slow.toEnd()]);
  clearInterval(drip);
  assert.deepEqual([silent.heard, slow.heard], ['', '']);
});

test('a target of a megabyte, a thousand headers, a line without an end and what is no HTTP are 400 or 431', async (t) => {
  const { world, target } = await open(t);
  const many = Array.from({ length: 3_000 }, (_, at) => `X-${at}: 1\r\n`).join('');
  for (const request of [
    connectTo(`${'a'.repeat(1_000_000)}.example:443`),
    `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n${AUTH}${many}\r\n`,
    `CONNECT ${'a'.repeat(40_000)}`,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'SSH-2.0-OpenSSH_9.2\r\n',
    `CONNECT ${target} HTTP/1.1\nHost: x\n\n`,
  ])
    assert.match(await answerTo(world, request), /^HTTP\/1.1 (400|431) /, request.slice(0, 40));
  assert.deepEqual([world.told, world.looked], [[], []]);
});

test('headers larger than 16 KiB and requests that frame their body twice are 400', async (t) => {
  const { world, target } = await open(t);
  const request = `POST http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${AUTH}`;
  assert.match(await answerTo(world, `${request}X-Big: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 400 /);
  for (const framing of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Transfer-Encoding : chunked\r\n',
    'Transfer-Encoding: xchunked\r\n',
  ])
    assert.match(
      await answerTo(world, `${request}${framing}\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`),
      /^HTTP\/1.1 (400|403) /,
      framing,
    );
});
