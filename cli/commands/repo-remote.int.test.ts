import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { initialState, type Layout, layoutOf, processId, writeState } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { World } from '../../local/forge/testing/world.ts';
import { checkout } from '../checkout.ts';
import { credentialFor } from './git-credential.ts';
import { connect, helperFor } from './repo-remote.ts';

let world: World;
let dir: string;
let helper: string;
let layout: Layout;

before(async () => {
  world = await World.start();
  dir = mkdtempSync(join(tmpdir(), 'rig-remote-'));
  layout = layoutOf(join(dir, 'rig'));
  mkdirSync(layout.secrets, { recursive: true });
  writeFileSync(join(layout.secrets, 'forge-token-you'), world.tokens.get('dev')!);
  setUp(process.pid);
  helper = `!'${process.execPath}' '${checkout('cli', 'main.ts')}' git-credential --data-dir '${layout.root}'`;
});
after(async () => {
  await world?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** As the rig's state is while the process of this number looks after it. */
function setUp(pid: number): void {
  const supervisor = processId(pid) ?? { pid, startedAt: 'long ago' };
  writeState(layout, { ...initialState(), supervisor, urls: { forge: world.forge.url } });
}

/** git as a person has it, whatever is set for this process, with nobody at the keyboard. */
async function git(path: string, ...args: string[]): Promise<string> {
  const own = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', HOME: dir };
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid'];
  const env = { PATH: process.env.PATH, ...own };
  return (await promisify(execFile)('git', ['-C', path, ...identity, ...args], { env })).stdout.trim();
}

async function folder(name: string): Promise<string> {
  const path = join(dir, name);
  mkdirSync(path);
  await git(path, 'init', '-q', '-b', 'main');
  return path;
}

const connection = (path: string) => ({
  path,
  name: 'rig',
  url: `${world.forge.url}/acme/widgets.git`,
  forge: world.forge.url,
  helper,
});

test('a clone that is connected pulls what was merged and pushes a branch, and the token is in none of its files', async () => {
  const path = await folder('clone');
  await connect(connection(path));
  await connect(connection(path));
  await git(path, 'pull', '-q', 'rig', 'main');
  const { body } = await world.rest('dev', 'GET /repos/acme/widgets/branches/main');
  assert.equal(await git(path, 'rev-parse', 'HEAD'), body.commit.sha);
  await git(path, 'push', '-q', 'rig', 'HEAD:refs/heads/mine');
  await world.rest('dev', 'GET /repos/acme/widgets/branches/mine');
  await assert.rejects(git(path, 'grep', '--no-index', '-q', world.tokens.get('dev')!, '.git'), { code: 1 });
});

test('git is told the token for the rig’s own forge alone, and of a rig that has none nothing', () => {
  const { host } = new URL(world.forge.url);
  const ask = (protocol: string, where: string) => credentialFor(`protocol=${protocol}\nhost=${where}\n`, layout);
  assert.equal(ask('http', host), `username=you\npassword=${world.tokens.get('dev')}\n`);
  for (const [protocol, where] of [
    ['https', host],
    ['http', `${host}.evil.example`],
    ['http', '127.0.0.1'],
    ['http', 'github.com'],
  ] as const)
    assert.equal(ask(protocol, where), '', `${protocol}://${where}`);
  assert.equal(credentialFor(`protocol=http\nhost=${host}\n`, layoutOf(join(dir, 'another'))), '');
});

test('git is told no token while the rig is down, whoever is at its port', (t) => {
  const asked = `protocol=http\nhost=${new URL(world.forge.url).host}\n`;
  t.after(() => setUp(process.pid));
  setUp(2 ** 22 + 1);
  assert.equal(credentialFor(asked, layout), '');
});

test('the rig that is asked for the token is named, whatever the environment of a later git says', (t) => {
  const before = process.env.RIG_DATA_DIR;
  t.after(() => {
    if (before === undefined) delete process.env.RIG_DATA_DIR;
    else process.env.RIG_DATA_DIR = before;
  });
  process.env.RIG_DATA_DIR = "/rigs/ada's";
  assert.match(helperFor({ root: "/rigs/ada's" }), /^!\S+ \S+ git-credential --data-dir '\/rigs\/ada'\\''s'$/);
});

test('connected again, no helper that the clone has named since is told the token', async () => {
  const path = await folder('keeper');
  await connect(connection(path));
  await git(path, 'config', '--local', 'credential.helper', `!cat >> '${join(dir, 'kept')}'; true`);
  await connect(connection(path));
  await git(path, 'fetch', '-q', 'rig', 'main');
  assert.equal(existsSync(join(dir, 'kept')), false);
});

test('a folder that is no repository, a remote of that name to somewhere else, and a name that is an option, are refused', async () => {
  const plain = join(dir, 'plain');
  mkdirSync(plain);
  const taken = await folder('taken');
  await git(taken, 'remote', 'add', 'rig', 'https://example.org/a.git');
  const usage = (words: RegExp) => (error: unknown) =>
    error instanceof ExitError && error.code === ExitCode.Usage && words.test(error.message);
  await assert.rejects(connect(connection(plain)), usage(/is no git repository/));
  await assert.rejects(connect(connection(taken)), usage(/has a remote rig already, https:.*--name/));
  assert.equal(await git(taken, 'remote', 'get-url', 'rig'), 'https://example.org/a.git');
  await assert.rejects(
    connect({ ...connection(taken), name: '--mirror=fetch' }),
    usage(/takes --mirror=fetch for an option/),
  );
});

test('a clone is connected, and not the repository that git would look at by its environment, as in a hook', async (t) => {
  const [clone, other] = [await folder('named'), await folder('hooked')];
  t.after(() => delete process.env.GIT_DIR);
  process.env.GIT_DIR = join(other, '.git');
  await connect(connection(clone));
  assert.deepEqual([await git(clone, 'remote'), await git(other, 'remote')], ['rig', '']);
});
