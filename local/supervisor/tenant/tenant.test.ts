import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { test } from 'node:test';
import { ExitCode, ExitError } from '#lib/terminal';
import { imageMapOf } from '../programs/kubelet.ts';
import { noteOf } from './repository.ts';
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

test('a repository that was copied earlier is told of where it does not stand as the folder does, and another one is refused', () => {
  const to = '0123456789abcdef0123456789abcdef01234567';
  const note = (state: Parameters<typeof noteOf>[1]['state']) =>
    noteOf({ path: '/home/me/app', name: 'app' }, { branch: 'main', state, to });
  assert.deepEqual([note('same'), note('ahead')], [null, null]);
  assert.equal(note('forwarded'), 'its main went on to 0123456');
  assert.match(note('gone') ?? '', /has no branch main any more, .*--data-dir/);
  assert.match(note('diverged') ?? '', /different ways: .*git pull rig main/);
  assert.throws(
    () => note('unrelated'),
    (error) =>
      error instanceof ExitError &&
      error.code === ExitCode.Usage &&
      /another repository .* --data-dir/.test(error.message),
  );
});
