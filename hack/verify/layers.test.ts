import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerRules } from './layers.ts';
import { drawLayers } from './layout.ts';

const rule = (from: string, to: string, specifier = to) => layerRules(from, to, specifier) ?? 'allowed';

test('imports downward are allowed', () => {
  assert.equal(rule('domain/a.ts', 'crds/index.ts'), 'allowed');
  assert.equal(rule('lib/kube/a.ts', 'lib/observe/index.ts'), 'allowed');
  assert.equal(rule('lib/change/a.ts', 'lib/git/index.ts'), 'allowed');
  assert.equal(rule('lib/grading/a.ts', 'domain/index.ts'), 'allowed');
  assert.equal(rule('verifier/a.ts', 'lib/grading/index.ts'), 'allowed');
  assert.equal(rule('operator/api/a.ts', 'domain/index.ts'), 'allowed');
  assert.equal(rule('operator/api/a.ts', 'operator/store/log.ts'), 'allowed');
  assert.equal(rule('local/supervisor/a.ts', 'local/postgres/index.ts'), 'allowed');
});

test('imports upward and sideways are refused', () => {
  assert.match(rule('crds/a.ts', 'domain/index.ts'), /crds imports nothing/);
  assert.match(rule('domain/a.ts', 'lib/db/index.ts'), /domain imports crds alone/);
  assert.match(rule('lib/kube/a.ts', 'lib/db/index.ts'), /a lib folder/);
  assert.match(rule('lib/kube/a.ts', 'domain/index.ts'), /a lib folder/);
  assert.match(rule('lib/grading/a.ts', 'lib/kube/index.ts'), /a lib folder/);
  assert.match(rule('lib/change/a.ts', 'domain/index.ts'), /a lib folder/);
  assert.match(rule('verifier/a.ts', 'operator/index.ts'), /programs never/);
  assert.match(rule('operator/a.ts', 'proxy/index.ts'), /programs never/);
  assert.match(rule('cli/a.ts', 'local/supervisor/index.ts'), /programs never/);
  assert.match(rule('local/forge/a.ts', 'local/postgres/index.ts'), /programs never/);
});

test('a folder is entered by its index.ts alone', () => {
  assert.match(rule('operator/a.ts', 'lib/kube/client.ts'), /index\.ts alone/);
});

test('the rules know no I/O, and nobody but agents and proxy knows a model', () => {
  assert.match(rule('domain/a.ts', 'node:fs'), /no I\/O/);
  assert.match(rule('operator/a.ts', 'lib/llm/index.ts'), /speak to a model/);
  assert.match(
    rule('operator/a.ts', 'node_modules/@anthropic-ai/sdk/index.js', '@anthropic-ai/sdk'),
    /speak to a model/,
  );
  assert.equal(rule('agent-image/a.ts', 'lib/llm/index.ts'), 'allowed');
  assert.match(rule('operator/a.ts', 'node_modules/x', '@kubernetes/client-node'), /lib\/kube alone/);
});

test('tests import anything, and nothing that runs imports tests', () => {
  assert.equal(rule('operator/a.test.ts', 'proxy/app.ts'), 'allowed');
  assert.match(rule('operator/a.ts', 'test/kit/cluster.ts'), /tests and tools/);
});

test('drawing the layer table twice changes nothing and keeps what stands around it', () => {
  const text = 'before\n<!-- layers: drawn by hack/verify -->\nold\n<!-- /layers -->\nafter\n';
  const drawn = drawLayers(text);
  assert.equal(drawLayers(drawn), drawn);
  assert.match(drawn, /^before\n[\s\S]*\| `domain` \|[\s\S]*\nafter\n$/);
});
