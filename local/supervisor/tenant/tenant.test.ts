import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { test } from 'node:test';
import { imageMapOf } from '../programs/kubelet.ts';
import { nameOf } from './source.ts';

test('a folder’s name becomes one that forge and Kubernetes both take', () => {
  assert.equal(nameOf('/home/me/My Project.git'), 'my-project');
  assert.equal(nameOf('/home/me/__'), 'repository');
  assert.match(nameOf(`/x/${'a-'.repeat(60)}`), /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/);
});

test('the agents’ image is this checkout under our own Node; the sample’s test runner is there for the sample alone', () => {
  const images = imageMapOf({ isSample: true });
  const sample = images['ghcr.io/dashecorp/rig-agent-runtime:*'];
  const own = imageMapOf({ isSample: false })['rig-agent-runtime:*'];
  assert.deepEqual(Object.keys(images).length, 2);
  assert.equal(sample?.command[0], process.execPath);
  assert.match(sample?.command[1] ?? '', /agent-image\/main\.ts$/);
  assert.match(sample?.env.NODE_PATH ?? '', /node_modules$/);
  assert.match(sample?.path.join(delimiter) ?? '', /node_modules\/\.bin/);
  assert.deepEqual(own?.env, {});
});
