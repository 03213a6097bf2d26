import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ensureBinary } from '../go/build.mjs';
import { layOut, writeSBOM } from './layout.mjs';

const root = join(import.meta.dirname, '..', '..');
/** Nobody in particular, as in the image; only root can become them. */
const someone = process.getuid?.() === 0 ? { uid: 65532, gid: 65532 } : {};

let folder: string;
let layout: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rig-layout-'));
  chmodSync(folder, 0o755);
  layout = join(folder, 'agent-runtime');
  await layOut(root, 'agent-runtime', layout);
  await writeSBOM(layout);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly said: string;
}

/** Starts a program of the layout as its image would, with these variables and no other; ends it once it says `until`. */
async function start(entry: string, env: Record<string, string>, until?: RegExp): Promise<Ran> {
  const child = spawn('node', [entry], {
    cwd: layout,
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: '/tmp', NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
    ...someone,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (until?.test(said)) child.kill();
    });
  const [code] = await once(child, 'close');
  return { code: code as number | null, said };
}

test('the runtime starts from its layout as nobody in particular, and says which variables are missing', async () => {
  const { code, said } = await start('agent-image/main.ts', {});
  assert.equal(code, 1);
  assert.match(said, /The agent cannot start: RIG_CONDUCTOR_URL is missing/);
});

test('the sandbox starts from its layout with its volumes elsewhere, listens, and ends when it is told to', async () => {
  const mounts = join(folder, 'mounts');
  await promisify(execFile)('install', ['-d', '-m', '0777', mounts]);
  const env = { CONTAINER_SANDBOX_MOUNT_POINT: mounts, TMPDIR: mounts };
  const { code, said } = await start('agent-image/sandbox/main.ts', env, /sandbox listens/);
  assert.equal(code, 0, said);
});

test('the layout has what the lock file says, no package for development and no script that ran', () => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
  const { packages } = read(join(root, 'package-lock.json'));
  const installed = globSync('node_modules/{*,@*/*}/package.json', { cwd: layout }).map((path) => dirname(path));
  assert.ok(installed.length > 20);
  for (const path of installed) {
    assert.equal(packages[path].version, read(join(layout, path, 'package.json')).version, path);
    assert.ok(!packages[path].dev, path);
  }
});

test('the SBOM of a layout names every package that is installed in it, with version and licence', () => {
  const { bomFormat, components } = JSON.parse(readFileSync(join(layout, 'sbom.cdx.json'), 'utf8'));
  assert.equal(bomFormat, 'CycloneDX');
  const named = new Map<string, { version: string; licenses?: object[] }>(
    components.map((one: { 'bom-ref': string }) => [one['bom-ref'].replace(/(?<=.)@[^@]+$/, ''), one]),
  );
  for (const path of globSync('node_modules/{*,@*/*}/package.json', { cwd: layout })) {
    const name = dirname(path).slice('node_modules/'.length);
    assert.ok((named.get(name)?.licenses?.length ?? 0) > 0, name);
  }
});

test('the node’s binary says how it is used, on its own', async () => {
  const binary = await ensureBinary('kubelet');
  const { stdout, stderr } = await promisify(execFile)(binary, ['--help'], { env: {} }).catch((error) => error);
  assert.match(stdout + stderr, /-?-node-name/);
});

test('actionlint has nothing to say of the workflows', async () => {
  const binary = await ensureBinary('actionlint');
  const { stdout } = await promisify(execFile)(
    binary,
    ['-no-color', ...globSync('.github/workflows/*.yml', { cwd: root })],
    {
      cwd: root,
    },
  );
  assert.equal(stdout, '');
});
