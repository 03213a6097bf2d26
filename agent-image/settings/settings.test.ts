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
  const egress = { RIG_EGRESS_URL: 'http://127.0.0.1:8082/', RIG_EGRESS_SOCKET: '/s/e.sock' };
  assert.deepEqual(readSettings({ ...ENV, ...egress, RIG_ORIGIN_DIR: '/w', RIG_SANDBOX_SOCKET: '/s/b.sock' }), {
    conductorURL: 'http://127.0.0.1:8080',
    proxyURL: 'http://127.0.0.1:8081',
    egressURL: 'http://127.0.0.1:8082',
    namespace: 'team-a',
    task: 'i7',
    tokenFile: '/token',
    originDir: '/w',
    sandboxSocket: '/s/b.sock',
    egressSocket: '/s/e.sock',
  });
});

test('what is not set lies where the pod mounts it, and there is no way out', () => {
  const { originDir, sandboxSocket, egressSocket, egressURL } = readSettings(ENV);
  assert.deepEqual(
    [originDir, sandboxSocket, egressSocket, egressURL],
    ['/var/lib/rig/origin', '/run/rig/sandbox.sock', '/run/rig/egress.sock', undefined],
  );
});

test("where volumes cannot be mounted, the paths of the specification are below the pod's root, once", () => {
  const pod = { ...ENV, CONTAINER_SANDBOX_MOUNT_POINT: '/pod/', RIG_ORIGIN_DIR: '/w' };
  const { tokenFile, originDir, sandboxSocket } = readSettings(pod);
  assert.deepEqual([tokenFile, originDir, sandboxSocket], ['/pod/token', '/pod/w', '/pod/run/rig/sandbox.sock']);
  assert.equal(readSettings({ ...pod, RIG_TOKEN_FILE: '/pod/token' }).tokenFile, '/pod/token');
});

test('an empty mount point means that the volumes are mounted where the specification says', () => {
  assert.equal(readSettings({ ...ENV, CONTAINER_SANDBOX_MOUNT_POINT: '' }).tokenFile, '/token');
});

test('everything missing or wrong is named in one sentence', () => {
  assert.throws(
    () => readSettings({ ...ENV, RIG_TASK: '', RIG_PROXY_URL: 'ftp://x' }),
    /cannot start: RIG_PROXY_URL is no http\(s\) URL, RIG_TASK is missing; the conductor sets/,
  );
});
