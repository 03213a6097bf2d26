import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheDir, ensureBinary } from './build.mjs';
import { tryLock, unlock } from './lock.mjs';
import { readGoMod, sourceFiles, sourceHash } from './sources.mjs';

function temporary(t: TestContext, files: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'rig-go-'));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'pkg'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const module = {
  'go.mod': 'module m\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/api v0.36.3\n)\n',
  'go.sum': '',
  'main.go': 'a',
  'pkg/x.go': 'b',
};

test('sources are Go files, go.mod and go.sum, without tests and anything else', (t) => {
  const dir = temporary(t, { ...module, 'pkg/x_test.go': '', 'README.md': '', 'index.ts': '' });
  assert.deepEqual(sourceFiles(dir), ['go.mod', 'go.sum', 'main.go', 'pkg/x.go']);
});

test('the hash is stable, ignores tests, and changes with any source, its name and every input', (t) => {
  const base = sourceHash(temporary(t, module), ['go1.26', 'linux']);
  assert.equal(sourceHash(temporary(t, { ...module, 'x_test.go': 'new' }), ['go1.26', 'linux']), base);
  const others = [
    sourceHash(temporary(t, { ...module, 'pkg/x.go': 'c' }), ['go1.26', 'linux']),
    sourceHash(temporary(t, { ...module, 'go.sum': 'x' }), ['go1.26', 'linux']),
    sourceHash(temporary(t, { ...module, 'pkg/y.go': '' }), ['go1.26', 'linux']),
    sourceHash(temporary(t, module), ['go1.27', 'linux']),
    sourceHash(temporary(t, module), ['go1.26linux']),
  ];
  assert.equal(new Set([base, ...others]).size, others.length + 1);
});

test('go.mod gives the Go version and the version of a requirement', (t) => {
  const dir = temporary(t, module);
  assert.deepEqual(readGoMod(dir, 'k8s.io/api'), { go: '1.26.0', version: '0.36.3' });
  assert.equal(readGoMod(dir, 'k8s.io/kubernetes').version, undefined);
});

test('a lock names its living holder, and a dead holder’s lock is taken over', (t) => {
  const file = join(temporary(t), 'lock');
  assert.equal(tryLock(file), true);
  assert.equal(tryLock(file), process.pid);
  unlock(file);
  // No process has a number above the kernel's limit of 2^22.
  writeFileSync(file, String(2 ** 22 + 1));
  assert.equal(tryLock(file), true);
  unlock(file);
});

test('the cache is RIG_CACHE_DIR, else under XDG_CACHE_HOME', () => {
  assert.equal(cacheDir({ RIG_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' }), '/a');
  assert.equal(cacheDir({ XDG_CACHE_HOME: '/b' }), '/b/rig');
});

test('no Go on the PATH is one sentence that says where to get it and what fetches the rest', async (t) => {
  await assert.rejects(ensureBinary('kubelet', { env: { PATH: temporary(t) } }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'NoGo');
    assert.match(
      error.message,
      /^Go is not on this machine .*https:\/\/go\.dev\/dl\/.*GOTOOLCHAIN=local forbids it\)\.$/,
    );
    return true;
  });
});

/** A stand-in for the go command: a script on a PATH of its own. */
function fakeGo(t: TestContext, script: string) {
  const dir = temporary(t);
  writeFileSync(join(dir, 'go'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${dir}:/usr/bin:/bin`, RIG_CACHE_DIR: join(dir, 'cache') };
}

test('a Go that is too old is named with what the module asks for', async (t) => {
  const env = fakeGo(t, 'echo "go: go.mod requires go >= 1.26.0 (running go 1.20; GOTOOLCHAIN=local)" >&2; exit 1');
  await assert.rejects(ensureBinary('kubelet', { env }), {
    code: 'GoTooOld',
    message: /too old to build kubelet.*running go 1\.20/,
  });
});

test('a build that fails shows its last lines and leaves no binary and no lock', async (t) => {
  const answer = `'{"GOVERSION":"go1.26","GOOS":"linux","GOARCH":"amd64"}'`;
  const env = fakeGo(
    t,
    `[ "$1" = env ] && { echo ${answer}; exit 0; }; echo "main.go:1: no space left on device" >&2; exit 1`,
  );
  await assert.rejects(ensureBinary('kubelet', { env }), { code: 'BuildFailed', message: /no space left on device/ });
  await assert.rejects(ensureBinary('kubelet', { env }), { code: 'BuildFailed' });
});

test('two builds at once build once and both get the binary', async (t) => {
  const answer = `'{"GOVERSION":"go1.26","GOOS":"linux","GOARCH":"amd64"}'`;
  const count = join(temporary(t), 'count');
  const script = `[ "$1" = env ] && { echo ${answer}; exit 0; }; while [ "$1" != -o ]; do shift; done; echo built >> ${count}; : > "$2"`;
  const env = fakeGo(t, script);
  const lines: string[] = [];
  const onProgress = (line: string) => lines.push(line);
  const [one, two] = await Promise.all([
    ensureBinary('controlplane', { env, onProgress }),
    ensureBinary('controlplane', { env, onProgress }),
  ]);
  assert.equal(one, two);
  assert.equal(lines.filter((line) => line.startsWith('controlplane: built in')).length, 1);
});

test('a program that does not exist is refused with the names of those that do', async () => {
  await assert.rejects(ensureBinary('nothing' as 'kubelet'), {
    code: 'UnknownBinary',
    message: /controlplane and kubelet/,
  });
});
