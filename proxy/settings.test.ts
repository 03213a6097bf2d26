import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '#lib/program';
import { readSettings } from './settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'rig-proxy-settings-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'url');
writeFileSync(file, 'postgres://x\n');
const ENV = { RIG_CONDUCTOR_URL: 'http://c/', RIG_DATABASE_URL_FILE: file, RIG_UPSTREAM_URL: 'http://u' };

test('the proxy reads where it listens and whom it talks to', () => {
  const { providerKey, ...told } = readSettings({ ...ENV, RIG_LISTEN: '[::1]:9', RIG_METRICS_LISTEN: '0.0.0.0:9464' });
  assert.deepEqual(told, {
    listen: { host: '::1', port: 9 },
    metricsListen: { host: '0.0.0.0', port: 9464 },
    conductorURL: 'http://c',
    databaseURL: 'postgres://x',
    upstreamURL: 'http://u',
  });
  assert.equal(providerKey(), undefined);
});

test('a key that is put in the place of another is the one that is read', () => {
  const key = join(dir, 'key');
  const { upstreamURL, providerKey } = readSettings({ ...ENV, RIG_UPSTREAM_URL: '', RIG_PROVIDER_KEY_FILE: key });
  assert.equal(upstreamURL, 'https://api.anthropic.com');
  for (const text of ['first', 'second']) {
    writeFileSync(key, `${text}\n`);
    assert.equal(providerKey(), text);
  }
  rmSync(key);
  assert.throws(providerKey, /RIG_PROVIDER_KEY_FILE names no readable file/);
});

test('the real provider without a key file is refused at start', () => {
  assert.throws(() => readSettings({ ...ENV, RIG_UPSTREAM_URL: '' }), /Set RIG_PROVIDER_KEY_FILE/);
});

test('a setting of the proxy that makes no sense is named at start', () => {
  for (const [name, value] of [
    ['RIG_LISTEN', '127.0.0.1:65536'],
    ['RIG_METRICS_LISTEN', '9464'],
    ['RIG_CONDUCTOR_URL', ''],
    ['RIG_UPSTREAM_URL', 'api.anthropic.com'],
    ['RIG_DATABASE_URL_FILE', join(dir, 'missing')],
  ] as const)
    assert.throws(
      () => readSettings({ ...ENV, [name]: value }),
      (error: unknown) => error instanceof ConfigError && error.message.includes(name),
    );
});
