import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createPool, isUnavailable, transaction } from './index.ts';

/** AuthenticationOk and ReadyForQuery: what a server says before its first statement. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
/** CommandComplete of BEGIN, and ReadyForQuery inside a transaction. */
const BEGUN = Buffer.from([0x43, 0, 0, 0, 10, ...Buffer.from('BEGIN\0'), 0x5a, 0, 0, 0, 5, 0x54]);

/** A pool on a server that gives these answers, one a message, and then says nothing more while its connections stay open. */
async function silentAfter(t: TestContext, ...answers: Buffer[]) {
  const sockets = new Set<Socket>();
  const closed: Promise<unknown>[] = [];
  const heard: string[] = [];
  const server = createServer((socket) => {
    const left = [...answers];
    sockets.add(socket);
    closed.push(new Promise((resolve) => socket.once('close', resolve)));
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      heard.push(data.toString('latin1'));
      socket.write(left.shift() ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const pool = createPool(`postgres://a:b@127.0.0.1:${port}/x`, { applicationName: 'rig-test', answerTimeoutMs: 50 });
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await pool.end();
  });
  return { pool, closed, heard };
}

test('a query that a silent server leaves without an answer fails as unavailable and closes its connection', {
  timeout: 10_000,
}, async (t) => {
  const { pool, closed } = await silentAfter(t, WELCOME);
  await assert.rejects(pool.query('SELECT 1'), isUnavailable);
  await Promise.all(closed);
  assert.equal(closed.length, 1);
});

test('a transaction that has lost its server does not ask it to roll back', { timeout: 10_000 }, async (t) => {
  const { pool, closed, heard } = await silentAfter(t, WELCOME, BEGUN);
  const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  await assert.rejects(
    transaction(pool, () => Promise.reject(lost)),
    lost,
  );
  await Promise.all(closed);
  assert.deepEqual(
    heard.filter((said) => /ROLLBACK/.test(said)),
    [],
  );
});
