import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, ExitError } from '#lib/terminal';
import { parseOptions, type UpOptions } from './options.ts';
import { chooseModel } from './programs/model.ts';

const OPTIONS: UpOptions = {
  dataDir: '/d',
  json: false,
  once: false,
  sample: true,
  allowUnisolated: false,
  isolation: 'auto',
  ciNetwork: false,
  kubelet: false,
  logs: false,
  ports: {},
  setupSeconds: 0,
};

const usage = (words: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === ExitCode.Usage && words.test(error.message);

test('options are read as they were handed over, and refused with the field that does not fit', () => {
  assert.deepEqual(parseOptions(JSON.stringify(OPTIONS)), OPTIONS);
  assert.throws(() => parseOptions(JSON.stringify({ ...OPTIONS, ports: { forge: 70_000 } })), /\/ports\/forge/);
  assert.throws(() => parseOptions(JSON.stringify({ ...OPTIONS, surprise: 1 })), /do not fit/);
  assert.throws(() => parseOptions(undefined), /do not fit/);
});

test('without a key the sample is answered from its replay', () => {
  const model = chooseModel(OPTIONS, {});
  assert.ok(model.kind === 'replay' && model.file.endsWith('local/sample/replay.yaml'));
});

test('with a key the provider answers', () => {
  const model = chooseModel(OPTIONS, { ANTHROPIC_API_KEY: 'k' });
  assert.deepEqual(model, { kind: 'provider', url: 'https://api.anthropic.com', key: 'k' });
});

test('ANTHROPIC_BASE_URL is honoured', () => {
  const env = { ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: 'https://gateway.example/' };
  const model = chooseModel(OPTIONS, env);
  assert.ok(model.kind === 'provider' && model.url === 'https://gateway.example');
});

test('a replay that was named goes before a key, so that no real model is reached by accident', () => {
  const model = chooseModel({ ...OPTIONS, replay: '/r.yaml' }, { ANTHROPIC_API_KEY: 'k' });
  assert.deepEqual(model, { kind: 'replay', file: '/r.yaml' });
});

test('a repository of one’s own needs a model: neither key nor replay is a sentence', () => {
  assert.throws(() => chooseModel({ ...OPTIONS, repo: '/r' }, {}), usage(/ANTHROPIC_API_KEY.*--replay/));
});
