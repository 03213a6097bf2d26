import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_ANSWER, MAX_TEXT } from '../protocol/index.ts';
import { SandboxClient } from './client.ts';
import { SandboxFailure, type SandboxFailureCode, SandboxRefusal } from './failure.ts';

const SHA = 'a'.repeat(40);
const live = new AbortController().signal;
const json = (body: string, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const say = (text: string) => (socket: Socket) => void socket.end(text);

/** A sandbox that does with a connection whatever it likes, and a client whose minute is half a second. */
async function facing(t: TestContext, behave: (socket: Socket) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'rig-hostile-'));
  const socket = join(folder, 's.sock');
  const sockets = new Set<Socket>();
  const server = createServer((peer) => {
    sockets.add(peer);
    peer.on('error', () => {});
    peer.once('data', () => behave(peer));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    for (const peer of sockets) peer.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { client: new SandboxClient({ socket, patience: 1 / 120 }), folder };
}

const failing =
  (code: SandboxFailureCode, why = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof SandboxFailure, String(error));
    assert.deepEqual([error.code, error.reason], [code, 'SandboxFailed'], error.message);
    assert.match(error.message, why);
    assert.match(error.message, /^The sandbox of the task .*; look at the container sandbox of its pod/);
    return true;
  };

/** Writes for ever, as fast as it is read. */
async function flood(socket: Socket, chunk: string): Promise<void> {
  while (!socket.destroyed) {
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    await turn();
  }
}

const ANSWERS: [name: string, answer: string, code: SandboxFailureCode, why: RegExp][] = [
  ['something that is not JSON', json('<html>'), 'Malformed', /not JSON/],
  ['an empty answer', json(''), 'Malformed', /not JSON/],
  ['JSON without what was asked', json('{}'), 'Malformed', /does not fit/],
  ['a list in place of an object', json('[]'), 'Malformed', /does not fit/],
  ['a member that nobody asked for', json(`{"digest":"${SHA}","x":1}`), 'Malformed', /does not fit/],
  ['a member named __proto__', json(`{"digest":"${SHA}","__proto__":{"a":1}}`), 'Malformed', /does not fit/],
  [
    'an option in place of a commit',
    json('{"digest":"--upload-pack=touch /tmp/x; true 12345678"}'),
    'Malformed',
    /fit/,
  ],
  ['a commit with a line break after it', json(`{"digest":"${SHA}\\n"}`), 'Malformed', /does not fit/],
  ['nothing but brackets, a million deep', json('['.repeat(1_000_000)), 'Malformed', /not JSON/],
  ['an error of the server', json('{}', '500 Broken'), 'Malformed', /status 500/],
  ['a redirect to somewhere else', json('', '302 Found\r\nlocation: http://127.0.0.1:1/'), 'Malformed', /status 302/],
  ['a refusal that is none', json('{"reason":"Because"}', '422 No'), 'Malformed', /does not fit/],
  [
    'a refusal of a whole book',
    json(`{"reason":"Refused","detail":"${'x'.repeat(5_000)}"}`, '422 No'),
    'Malformed',
    /fit/,
  ],
  ['something that is not HTTP', 'SSH-2.0-OpenSSH_9\r\n\r\n', 'Malformed', /does not speak HTTP/],
  ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`, 'Malformed', /does not speak HTTP/],
  ['less than it promised', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"digest"', 'Lost', /closed the connection/],
  ['nothing, and hangs up', '', 'Lost', /closed the connection/],
  ['half a head', 'HTTP/1.1 200', 'Lost', /closed the connection/],
  ['more than the protocol has', json('x'.repeat(MAX_ANSWER + 1)), 'TooLarge', /more than 4194304 bytes/],
];

for (const [name, answer, code, why] of ANSWERS)
  test(`the sandbox answers ${name}: the call fails with ${code}`, async (t) => {
    const { client } = await facing(t, say(answer));
    await assert.rejects(client.call('digest', {}, live), failing(code, why));
  });

test('a text longer than the protocol allows does not reach the model', async (t) => {
  const { client } = await facing(t, say(json(JSON.stringify({ text: 'x'.repeat(MAX_TEXT + 1) }))));
  await assert.rejects(client.call('git', { action: 'diff' }, live), failing('Malformed'));
});

test('folders that are no absolute paths are not taken', async (t) => {
  for (const tree of ['tree', '/a\\nb', '/a\\u0000b']) {
    const { client } = await facing(t, say(json(`{"tree":"${tree}","home":"/h"}`)));
    const author = { name: 'Dev-E', email: 'd@e' };
    const ask = { branch: 'b', base: SHA, start: SHA, author, task: 'n/t' };
    await assert.rejects(client.open(ask, live), failing('Malformed'));
  }
});

test('an answer that never comes, one that drips, and interim answers without end are over in time', async (t) => {
  const drip = (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
    const timer = setInterval(() => socket.write(' '), 20);
    socket.once('close', () => clearInterval(timer));
  };
  for (const behave of [() => {}, drip, (socket: Socket) => void flood(socket, 'HTTP/1.1 102 Processing\r\n\r\n')]) {
    const { client } = await facing(t, behave);
    await assert.rejects(client.call('digest', {}, live), failing('Timeout', /no whole answer within 1 s/));
  }
});

test('an answer without end is cut off at its limit', async (t) => {
  const { client } = await facing(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    void flood(socket, `10000\r\n${'x'.repeat(65_536)}\r\n`);
  });
  await assert.rejects(client.call('digest', {}, live), failing('TooLarge'));
});

test('a stop of the task ends a call that hangs with its own reason', async (t) => {
  const stop = new AbortController();
  const { client } = await facing(t, () => stop.abort(new Error('the claim is dead')));
  await assert.rejects(client.call('digest', {}, stop.signal), /the claim is dead/);
});

test('nobody listens, or what is there is no socket: the sandbox cannot be reached', async (t) => {
  const { folder } = await facing(t, () => {});
  mkdirSync(join(folder, 'dir.sock'));
  for (const name of ['none.sock', 'dir.sock'])
    await assert.rejects(
      new SandboxClient({ socket: join(folder, name) }).call('digest', {}, live),
      failing('Unavailable', /cannot be reached/),
    );
});

test('a bundle that breaks off, and one that stalls, end the stream with the failure', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n# v2';
  const stall = (socket: Socket) => void socket.write(head);
  for (const [behave, code, patience] of [
    [say(head), 'Lost', 1],
    [stall, 'Timeout', 1 / 1_000],
  ] as const) {
    const { folder } = await facing(t, behave);
    const client = new SandboxClient({ socket: join(folder, 's.sock'), patience });
    const stream = await client.bundle({ head: SHA, have: [SHA] }, live);
    await assert.rejects(buffer(stream), failing(code));
  }
});

test('what the sandbox would not do is told apart from a sandbox that fails', async (t) => {
  const { client } = await facing(t, say(json('{"reason":"Refused","detail":"There is no file x."}', '422 No')));
  await assert.rejects(
    client.call('digest', {}, live),
    (error) =>
      error instanceof SandboxRefusal &&
      error.said === 'There is no file x.' &&
      error.message === 'The sandbox of the task could not do what it was asked (digest): There is no file x.',
  );
});
