import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { holdPort, isPortFree } from './hold-port.ts';

test('a held port is in use, and free once it is released', async () => {
  const held = await holdPort(0);
  assert.ok(held);
  assert.equal(await holdPort(held.port), undefined);
  assert.equal(await isPortFree(held.port), false);
  await held.release();
  assert.equal(await isPortFree(held.port), true);
});

test('a client that called meanwhile and waits does not keep the port', { timeout: 10_000 }, async () => {
  const held = await holdPort(0);
  assert.ok(held);
  const client = connect({ port: held.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(client, 'connect');
  const hungUp = once(client, 'end');
  await held.release();
  await hungUp;
  assert.equal(await isPortFree(held.port), true);
  client.destroy();
});
