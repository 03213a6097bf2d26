import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '#lib/program';
import { readConfig } from './config.ts';

const whole = {
  RIG_DATABASE_URL_FILE: '/etc/rig/database-url',
  RIG_EXTERNAL_URL: 'http://conductor.rig-system:8080/',
  RIG_PROXY_URL: 'https://proxy.example',
  RIG_EGRESS_URL: 'http://egress.example:8083/',
  RIG_DATA_DIR: '/var/lib/rig',
};

test('with what has no default set, the rest has its documented default', () => {
  assert.deepEqual(readConfig(whole, [], 42), {
    kubeconfig: undefined,
    intakeKubeconfig: undefined,
    intakeAccount: undefined,
    databaseUrlFile: '/etc/rig/database-url',
    listen: { host: '127.0.0.1', port: 8080 },
    metricsListen: undefined,
    externalUrl: 'http://conductor.rig-system:8080',
    proxyUrl: 'https://proxy.example',
    egressUrl: 'http://egress.example:8083',
    otlpEndpoint: undefined,
    systemNamespace: 'rig-system',
    webhooks: undefined,
    dataDir: '/var/lib/rig',
    readerTokenFile: undefined,
    sinksFile: undefined,
    reviewDebounceMs: 60_000,
    taskDeadlineMs: 3_600_000,
    forgeWriteIntervalMs: 1_000,
    resyncMs: 300_000,
    keepDeliveriesMs: 2_592_000_000,
    identity: 'rig-conductor-42',
  });
});

test('every setting is taken as it is said, and the intake goes by the kubeconfig of all unless it has its own', () => {
  const told = {
    ...whole,
    RIG_KUBECONFIG: '/a',
    RIG_LISTEN: '[::1]:0',
    RIG_SYSTEM_NAMESPACE: 'rig-blue',
    RIG_READER_TOKEN_FILE: '/t',
    RIG_REVIEW_DEBOUNCE_SECONDS: '0',
    RIG_TASK_DEADLINE_SECONDS: '60',
    RIG_FORGE_WRITE_INTERVAL_MS: '0',
    POD_NAME: 'rig-conductor-0',
  };
  const config = readConfig(told, [], 1);
  assert.deepEqual(config.listen, { host: '::1', port: 0 });
  assert.deepEqual([config.kubeconfig, config.intakeKubeconfig], ['/a', '/a']);
  assert.deepEqual([config.reviewDebounceMs, config.taskDeadlineMs, config.forgeWriteIntervalMs], [0, 60_000, 0]);
  assert.deepEqual([config.systemNamespace, config.identity], ['rig-blue', 'rig-conductor-0']);
  assert.equal(readConfig({ ...told, RIG_INTAKE_KUBECONFIG: '/b' }, [], 1).intakeKubeconfig, '/b');
});

test('an empty value counts as not set', () => {
  const empty = {
    RIG_KUBECONFIG: '',
    RIG_INTAKE_KUBECONFIG: '',
    RIG_LISTEN: '',
    RIG_READER_TOKEN_FILE: '',
    POD_NAME: '',
  };
  const config = readConfig({ ...whole, ...empty, RIG_TASK_DEADLINE_SECONDS: '' }, [], 42);
  assert.deepEqual(config, readConfig(whole, [], 42));
});

const bad: [name: string, value: string | undefined, says: RegExp][] = [
  ['RIG_DATABASE_URL_FILE', undefined, /not set; set it to the file/],
  ['RIG_DATABASE_URL_FILE', '', /not set; set it to the file/],
  ['RIG_DATA_DIR', undefined, /not set; set it to a directory/],
  ['RIG_EXTERNAL_URL', undefined, /not set; set it to the URL/],
  ['RIG_EXTERNAL_URL', 'conductor', /not an http or https URL \(conductor\); set it to/],
  ['RIG_PROXY_URL', 'localhost:8080', /not an http or https URL/],
  ['RIG_PROXY_URL', 'file:///etc', /not an http or https URL/],
  ['RIG_LISTEN', '8080', /not host:port \(8080\); set it to/],
  ['RIG_LISTEN', '127.0.0.1:http', /not host:port/],
  ['RIG_LISTEN', '127.0.0.1:65536', /not host:port/],
  ['RIG_SYSTEM_NAMESPACE', 'Rig_System', /not the name of a namespace/],
  ['RIG_REVIEW_DEBOUNCE_SECONDS', '1.5', /not a whole number of seconds/],
  ['RIG_REVIEW_DEBOUNCE_SECONDS', '-1', /not a whole number of seconds/],
  ['RIG_TASK_DEADLINE_SECONDS', '0', /at least 1/],
  ['RIG_TASK_DEADLINE_SECONDS', '99999999', /not a whole number of seconds/],
  ['RIG_FORGE_WRITE_INTERVAL_MS', '1s', /not a whole number of milliseconds/],
];
for (const [name, value, says] of bad)
  test(`${name}=${value ?? '(not set)'} is refused in one sentence that names it`, () => {
    assert.throws(
      () => readConfig({ ...whole, [name]: value }, [], 1),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, new RegExp(`^${name} [^\n]*\\.$`));
        assert.match(error.message, says);
        return true;
      },
    );
  });

for (const args of [['--ungraded'], ['serve']])
  test(`the argument ${args} is refused in one sentence`, () => {
    const refusal = {
      name: 'ConfigError',
      message: /^Unknown arguments \(\S+\); every setting is in the environment\.$/,
    };
    assert.throws(() => readConfig(whole, args, 1), refusal);
  });
