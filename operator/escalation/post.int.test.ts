import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#lib/observe';
import { SinkError, type SinkErrorCode } from './error.ts';
import { SinksFile } from './file.ts';
import { type Lookup, post } from './post.ts';
import { PATH, Receiver, SECRET } from './receiver.int-kit.ts';
import type { Sink } from './sinks.ts';

const message = { headers: {}, body: '{}' };
const never = new AbortController().signal;
const at = (...addresses: string[]): Lookup => {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};

async function refused(sink: Sink, code: SinkErrorCode, options: Parameters<typeof post>[3] = {}): Promise<string> {
  const error = await post(sink, message, never, options).then(
    () => assert.fail('it was taken'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof SinkError, String(error));
  assert.equal(error.code, code);
  assert.equal(error.cause, undefined);
  assert.ok(!`${error.stack}`.includes(PATH), 'its URL is secret');
  return error.message;
}

test('no sink leads to an address that its network does not have, whatever its name resolves to', async (t) => {
  const receiver = await Receiver.start(t);
  const url = new URL(`https://alerts.example.com:${receiver.url.port}${PATH}`);
  const inside = [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '100.64.0.1',
    '0.0.0.0',
  ];
  for (const address of inside)
    for (const lookup of [at(address), at('203.0.113.7', address)])
      assert.match(
        await refused(receiver.sink('ops', { url, network: 'public' }), 'Unreachable', { lookup }),
        /an address that is not public/,
      );
  for (const address of ['127.0.0.1', '169.254.169.254', '::1'])
    await refused(receiver.sink('ops', { url, network: 'private' }), 'Unreachable', { lookup: at(address) });
  for (const address of ['10.1.2.3', '203.0.113.7', '169.254.169.254'])
    await refused(receiver.sink('ops', { url }), 'Unreachable', { lookup: at(address) });
  for (const literal of ['https://127.0.0.1/', 'https://[::1]/', 'https://2130706433/', 'https://0x7f.1/'])
    await refused(receiver.sink('ops', { url: new URL(literal), network: 'public' }), 'Unreachable');
  assert.equal(receiver.received.length, 0);
});

test('it connects to the address that was judged, and asks for no other', async (t) => {
  const receiver = await Receiver.start(t);
  const url = new URL(`http://localhost:${receiver.url.port}/`);
  let asked = 0;
  const lookup: Lookup = async () =>
    asked++ === 0 ? [{ address: '127.0.0.1', family: 4 }] : [{ address: '10.0.0.1', family: 4 }];
  await post(receiver.sink('ops', { url }), message, never, { lookup });
  assert.deepEqual([asked, receiver.received.length], [1, 1]);
});

test('a receiver that is away, silent or without a trusted certificate is told apart in words that name the sink alone', async (t) => {
  const receiver = await Receiver.start(t);
  const gone = new URL(`http://127.0.0.1:1${PATH}`);
  assert.match(
    await refused(receiver.sink('ops', { url: gone }), 'Unreachable'),
    /^Sink ops cannot be reached \(ECONNREFUSED\)/,
  );
  receiver.next.push('silent');
  assert.match(await refused(receiver.sink(), 'TimedOut', { timeoutMs: 100 }), /did not answer within 0\.1 s/);
  const tls = new URL(`https://127.0.0.1:${receiver.url.port}${PATH}`);
  await refused(receiver.sink('ops', { url: tls }), 'Unreachable');
  const unresolved = () => Promise.reject(Object.assign(new Error(`no ${PATH}`), { code: 'ENOTFOUND' }));
  const named = new URL(`https://alerts.example.com${PATH}`);
  assert.match(await refused(receiver.sink('ops', { url: named }), 'Unreachable', { lookup: unresolved }), /ENOTFOUND/);
});

test('a name that is not resolved, and a conductor that ends, end the call', async (t) => {
  const receiver = await Receiver.start(t);
  const named = receiver.sink('ops', { url: new URL(`https://alerts.example.com${PATH}`) });
  const lookup: Lookup = () => new Promise(() => {});
  await refused(named, 'TimedOut', { lookup, timeoutMs: 50 });
  const over = new AbortController();
  const ended = assert.rejects(post(named, message, over.signal, { lookup }), { code: 'Ended' });
  over.abort();
  await ended;
  await assert.rejects(post(receiver.sink(), message, over.signal), { code: 'Ended' });
  assert.equal(receiver.received.length, 0);
});

async function fileOf(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'rig-sinks-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'sinks.yaml');
  const said: string[] = [];
  const logger = {
    ...silentLogger,
    error: (data: object) => void said.push(JSON.stringify(data)),
  } as typeof silentLogger;
  let now = 0;
  const file = new SinksFile(path, logger, () => now);
  const read = async (text: string | null) => {
    await (text === null ? rm(path, { force: true }) : writeFile(path, text));
    now += 15_000;
    return (await file.read()).map(({ name }) => name);
  };
  return { file, read, said };
}

test('a file of sinks that is added, changed, spoilt or taken away holds without a restart; a spoilt one leaves those it had', async (t) => {
  const { file, read, said } = await fileOf(t);
  const one = (name: string) =>
    `sinks: [{ name: ${name}, kind: webhook, url: 'https://a.example/', secret: ${SECRET} }]`;
  assert.deepEqual(await read(null), []);
  assert.deepEqual(await read(one('ops')), ['ops']);
  assert.deepEqual(await read(one('other')), ['other']);
  assert.deepEqual(
    [await read('sinks: [{ name: Spoilt }]'), await read('sinks: [{ name: Spoilt }]')],
    [['other'], ['other']],
  );
  assert.match(file.problem ?? '', /cannot be used: it is wrong at \/sinks\/0/);
  assert.equal(said.length, 1, 'said once');
  assert.deepEqual(await read(one('ops')), ['ops']);
  assert.equal(file.problem, null);
  assert.deepEqual(await read(null), []);
});

test('without a file that is named there is no sink', async () => {
  assert.deepEqual(await new SinksFile(undefined, silentLogger).read(), []);
});
