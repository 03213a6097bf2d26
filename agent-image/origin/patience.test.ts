import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GitFailure } from '../git/index.ts';
import { patiently } from './patience.ts';

const away = new GitFailure(
  ['fetch'],
  "fatal: unable to access 'http://x/': Failed to connect to 127.0.0.1 port 1: Connection refused",
);
const refused = new GitFailure(['push'], 'fatal: unable to access: The requested URL returned error: 409');
const { signal } = new AbortController();

test('a gateway that comes back within the minute costs only time', async () => {
  const waited: number[] = [];
  let tries = 0;
  const value = await patiently(async () => (++tries < 4 ? Promise.reject(away) : 'done'), {
    signal,
    wait: async (ms) => waited.push(ms),
  });
  assert.equal(value, 'done');
  assert.deepEqual(waited, [250, 500, 1_000]);
});

for (const said of [
  "fatal: unable to access 'http://x/': Send failure: Broken pipe",
  'error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: expected flush after ref listing',
]) {
  test(`a gateway that goes away in the middle of an answer is waited for too: ${said.split(':').at(-1)}`, async () => {
    let tries = 0;
    const once = async () => (++tries < 2 ? Promise.reject(new GitFailure(['push'], said)) : 'done');
    assert.equal(await patiently(once, { signal, wait: async () => {} }), 'done');
  });
}

test('a refusal by the gateway is passed on at once', async () => {
  let tries = 0;
  await assert.rejects(
    patiently(
      async () => {
        tries += 1;
        throw refused;
      },
      { signal, wait: async () => {} },
    ),
    refused,
  );
  assert.equal(tries, 1);
});

test('a gateway that stays away is told after about a minute of tries', async () => {
  const waited: number[] = [];
  await assert.rejects(
    patiently(async () => Promise.reject(away), { signal, wait: async (ms) => waited.push(ms) }),
    away,
  );
  assert.ok(waited.reduce((sum, ms) => sum + ms, 0) >= 55_000);
});
