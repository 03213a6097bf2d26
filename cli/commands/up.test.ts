import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, ExitError } from '#lib/terminal';
import { toUpOptions } from './up.ts';

const usage = (words: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === ExitCode.Usage && words.test(error.message);

test('flags become what the supervisor is asked for; what was not said is off', () => {
  const options = toUpOptions({ sample: true, dataDir: '/d', portForge: 3000 }, { RIG_SETUP_SECONDS: '1.5' });
  assert.deepEqual(JSON.parse(JSON.stringify(options)), {
    dataDir: '/d',
    json: false,
    once: false,
    sample: true,
    allowUnisolated: false,
    isolation: 'auto',
    ciNetwork: false,
    kubelet: false,
    logs: false,
    ports: { forge: 3000 },
    setupSeconds: 1.5,
  });
});

test('a repository stands in for the sample that npm start asks for', () => {
  const options = toUpOptions({ sample: true, repo: '.', testCommand: 'true' }, {});
  assert.deepEqual([options.sample, options.repo], [false, process.cwd()]);
});

test('options that contradict each other are refused with both names', () => {
  assert.throws(() => toUpOptions({ kubelet: true }, {}), usage(/--kubelet.*--context/));
  assert.throws(() => toUpOptions({ testCommand: 'true' }, {}), usage(/--test-command.*--repo/));
  assert.throws(() => toUpOptions({ once: true }, {}), usage(/--once.*--sample/));
  assert.throws(() => toUpOptions({ once: true, sample: true, repo: '.' }, {}), usage(/--once/));
});

test('a path that does not exist is refused before anything starts', () => {
  assert.throws(() => toUpOptions({ repo: '/no/such/place' }, {}), usage(/--repo names \/no\/such\/place/));
  assert.throws(() => toUpOptions({ replay: '/no/such/file' }, {}), usage(/--replay names/));
});
