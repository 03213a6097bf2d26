import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '#lib/program';
import { readSettings } from './settings.ts';

const refusal = (name: string) => (error: unknown) => error instanceof ConfigError && error.message.includes(name);

const dir = mkdtempSync(join(tmpdir(), 'rig-egress-settings-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'url');
writeFileSync(file, 'postgres://x\n');
const ENV = { RIG_CONDUCTOR_URL: 'http://c/', RIG_DATABASE_URL_FILE: file };

test('what is not set has its documented default', () => {
  assert.deepEqual(readSettings(ENV), {
    listen: { host: '127.0.0.1', port: 8083 },
    metricsListen: undefined,
    conductorURL: 'http://c',
    databaseURL: 'postgres://x',
    allowRanges: [],
    denyRanges: [],
    connections: 128,
    bytes: 8_589_934_592,
    idleMs: 300_000,
    connectMs: 10_000,
    graceMs: 20_000,
  });
});

test('ranges are lists with commas, limits whole numbers of their unit', () => {
  const told = readSettings({
    ...ENV,
    RIG_LISTEN: '0.0.0.0:1',
    RIG_EGRESS_ALLOW_RANGES: '10.1.0.0/16, fd00::/8,',
    RIG_EGRESS_MAX_MEGABYTES: '1',
    RIG_EGRESS_IDLE_SECONDS: '7',
  });
  assert.deepEqual([told.listen, told.bytes, told.idleMs], [{ host: '0.0.0.0', port: 1 }, 1_048_576, 7_000]);
  assert.deepEqual(told.allowRanges, ['10.1.0.0/16', 'fd00::/8']);
  const { listen, metricsListen } = readSettings({ ...ENV, RIG_LISTEN: '[::]:2', RIG_METRICS_LISTEN: '[::1]:0' });
  assert.deepEqual(
    [listen, metricsListen],
    [
      { host: '::', port: 2 },
      { host: '::1', port: 0 },
    ],
  );
});

test('a setting of egress that makes no sense is named at start', () => {
  for (const [name, value] of [
    ['RIG_LISTEN', '8083'],
    ['RIG_LISTEN', '::1:8083'],
    ['RIG_LISTEN', 'localhost:65536'],
    ['RIG_METRICS_LISTEN', '[::]'],
    ['RIG_CONDUCTOR_URL', 'conductor'],
    ['RIG_CONDUCTOR_URL', ''],
    ['RIG_DATABASE_URL_FILE', join(dir, 'missing')],
    ['RIG_EGRESS_MAX_CONNECTIONS', '0'],
    ['RIG_EGRESS_IDLE_SECONDS', '-1'],
    ['RIG_EGRESS_MAX_MEGABYTES', 'all'],
  ] as const)
    assert.throws(() => readSettings({ ...ENV, [name]: value }), refusal(name));
});
