import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ensureBinary } from '../../hack/go/build.mjs';
import { type ControlPlane, startControlPlane } from './index.ts';

const binary = await ensureBinary('controlplane', { onProgress: (line) => console.error(line) });

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A data directory that is removed after everything started with `start` on it is stopped. */
async function temporary(t: { after(fn: () => unknown): void }) {
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-cp-test-'));
  const planes: ControlPlane[] = [];
  t.after(async () => {
    for (const plane of planes) await plane.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const start = async () => {
    const plane = await startControlPlane({ binary, dataDir, fsync: false });
    planes.push(plane);
    return plane;
  };
  return { dataDir, start };
}

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });
const MAPS = '/api/v1/namespaces/default/configmaps';

async function untilConfigMapCreated(plane: ControlPlane) {
  // The default namespace is made by the API server a moment after it is ready.
  for (;;) {
    try {
      return await plane.api.call('POST', MAPS, configMap('kept'));
    } catch (error) {
      if (!/ 404 /.test(String(error))) throw error;
    }
  }
}

test('a control plane started twice on one data directory keeps its objects and its port', async (t) => {
  const { dataDir, start } = await temporary(t);
  const first = await start();
  await untilConfigMapCreated(first);
  await first.stop();
  assert.equal(await first.exited, null);
  assert.deepEqual(Object.values(first.pids()).filter(isAlive), []);

  const second = await start();
  assert.deepEqual((await second.api.call<{ data: object }>('GET', `${MAPS}/kept`)).data, { a: 'b' });
  assert.equal(second.serverURL, first.serverURL);
  for (const file of await readdir(join(dataDir, 'pki'))) {
    assert.equal((await stat(join(dataDir, 'pki', file))).mode & 0o777, 0o600, file);
  }
});

test('a component killed from outside is named by exited, and stop still ends the others', async (t) => {
  const { start } = await temporary(t);
  const plane = await start();
  process.kill(plane.pids().etcd, 'SIGKILL');
  const exit = await plane.exited;
  assert.equal(exit?.component, 'etcd');
  assert.equal(exit?.signal, 'SIGKILL');
  await plane.stop();
  assert.deepEqual(Object.values(plane.pids()).filter(isAlive), []);
});

test('a port that was asked for and is taken is refused in one sentence that names it', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as { port: number };
  const { dataDir } = await temporary(t);
  await assert.rejects(
    startControlPlane({ binary, dataDir, ports: { apiserver: port } }),
    new RegExp(`Port ${port} .* already in use`),
  );
});

test('an interrupted start leaves no process behind', async (t) => {
  const { dataDir } = await temporary(t);
  const interrupt = new AbortController();
  const onLine = () => interrupt.abort();
  const start = startControlPlane({ binary, dataDir, fsync: false, onLine, signal: interrupt.signal });
  await assert.rejects(start, { code: 'Aborted' });
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'args']);
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.includes(dataDir)),
    [],
  );
});
