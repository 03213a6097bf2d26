import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readSettings } from './settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'rig-proxy-settings-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'url');
writeFileSync(file, 'postgres://x\n');
const ENV = { RIG_CONDUCTOR_URL: 'http://c/', RIG_DATABASE_URL_FILE: file, RIG_UPSTREAM_URL: 'http://u' };

test('the proxy reads where it listens and whom it talks to', () => {
  assert.deepEqual(readSettings({ ...ENV, RIG_LISTEN: '127.0.0.1:9', RIG_METRICS_LISTEN: '0.0.0.0:9464' }), {
    host: '127.0.0.1',
    port: 9,
    metricsListen: { host: '0.0.0.0', port: 9464 },
    conductorURL: 'http://c',
    databaseURL: 'postgres://x',
    upstreamURL: 'http://u',
    providerKeyFile: undefined,
  });
});

test('the real provider without a key file is refused at start', () => {
  assert.throws(() => readSettings({ ...ENV, RIG_UPSTREAM_URL: '' }), /Set RIG_PROVIDER_KEY_FILE/);
});

test('a file that cannot be read is named by its variable', () => {
  assert.throws(
    () => readSettings({ ...ENV, RIG_DATABASE_URL_FILE: join(dir, 'missing') }),
    /RIG_DATABASE_URL_FILE names no readable file/,
  );
});
