import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from './index.ts';

const ENV = {
  RIG_CONDUCTOR_URL: 'http://127.0.0.1:8080/',
  RIG_PROXY_URL: 'http://127.0.0.1:8081',
  RIG_NAMESPACE: 'team-a',
  RIG_TASK: 'i7',
  RIG_TOKEN_FILE: '/token',
};

test('settings come from the environment, URLs without their trailing slash', () => {
  assert.deepEqual(readSettings({ ...ENV, RIG_WORK_DIR: '/w' }), {
    conductorURL: 'http://127.0.0.1:8080',
    proxyURL: 'http://127.0.0.1:8081',
    namespace: 'team-a',
    task: 'i7',
    tokenFile: '/token',
    workDir: '/w',
  });
});

test('the work folder defaults to /work of the pod, then to the temporary folder', () => {
  assert.equal(readSettings({ ...ENV, CONTAINER_SANDBOX_MOUNT_POINT: '/pod' }).workDir, '/pod/work');
  assert.equal(readSettings({ ...ENV, TMPDIR: '/t' }).workDir, '/t/rig-work');
});

test("in a host-process pod the paths of the specification are below the pod's root, once", () => {
  const pod = { ...ENV, CONTAINER_SANDBOX_MOUNT_POINT: '/pod/', RIG_WORK_DIR: '/w' };
  const { tokenFile, workDir } = readSettings(pod);
  assert.deepEqual([tokenFile, workDir], ['/pod/token', '/pod/w']);
  assert.equal(readSettings({ ...pod, RIG_TOKEN_FILE: '/pod/token' }).tokenFile, '/pod/token');
});

test('everything missing or wrong is named in one sentence', () => {
  assert.throws(
    () => readSettings({ ...ENV, RIG_TASK: '', RIG_PROXY_URL: 'ftp://x' }),
    /cannot start: RIG_PROXY_URL is no http\(s\) URL, RIG_TASK is missing; the conductor sets/,
  );
});
