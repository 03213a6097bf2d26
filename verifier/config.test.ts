import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '#lib/program';
import { readConfig } from './config.ts';

const env = { RIG_FORGE_APP_DIR: '/etc/rig/app', RIG_DATA_DIR: '/var/lib/rig' };

test('the verifier needs its directories named, and has a default for the rest', () => {
  const config = readConfig(env, 7);
  assert.deepEqual(
    [config.namespace, config.listen, config.pollMs, config.forgeWriteIntervalMs, config.identity, config.admission],
    ['rig-verifier', { host: '127.0.0.1', port: 8084 }, 15_000, 1_000, 'rig-verifier-7', undefined],
  );
});

const wrong: [string, Record<string, string>, RegExp][] = [
  ['no directory of its App', { RIG_FORGE_APP_DIR: '' }, /^RIG_FORGE_APP_DIR is not set/],
  ['no directory for git', { RIG_DATA_DIR: '' }, /^RIG_DATA_DIR is not set/],
  ['an address without a port', { RIG_LISTEN: 'localhost' }, /^RIG_LISTEN is not host:port/],
  ['a port that is none', { RIG_METRICS_LISTEN: '0.0.0.0:99999' }, /^RIG_METRICS_LISTEN is not/],
  ['admission without an authority', { RIG_WEBHOOK_LISTEN: '0.0.0.0:9443' }, /^RIG_WEBHOOK_AUTHORITY_DIR is not set/],
  [
    'admission under no name',
    { RIG_WEBHOOK_LISTEN: '0.0.0.0:9443', RIG_WEBHOOK_AUTHORITY_DIR: '/a' },
    /^RIG_WEBHOOK_HOSTS is not set/,
  ],
  ['a pause of nothing', { RIG_POLL_SECONDS: '0' }, /^RIG_POLL_SECONDS is not a whole number of seconds/],
  ['a namespace that is none', { RIG_NAMESPACE: 'A/b' }, /^RIG_NAMESPACE is not the name/],
];
for (const [what, over, says] of wrong) {
  test(`the verifier does not start with ${what}, and says what to set`, () => {
    assert.throws(
      () => readConfig({ ...env, ...over }, 1),
      (error: Error) => error instanceof ConfigError && says.test(error.message),
    );
  });
}

test('admission of the verifier is served where address, authority and names are given, over IPv6 too', () => {
  const more = {
    RIG_WEBHOOK_LISTEN: '[::]:9443',
    RIG_WEBHOOK_AUTHORITY_DIR: '/etc/rig/authority',
    RIG_WEBHOOK_HOSTS: 'a.svc,b.svc',
  };
  assert.deepEqual(readConfig({ ...env, ...more }, 1).admission, {
    listen: { host: '::', port: 9443 },
    authorityDir: '/etc/rig/authority',
    hosts: ['a.svc', 'b.svc'],
  });
});
