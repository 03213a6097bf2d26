import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { BareCopies, Upkeep } from '#lib/git';
import { silentLogger } from '#lib/observe';
import { TestForge } from '../../lib/git/forge.int-kit.ts';
import { Copies, has } from './copies.ts';

const DAY = 86_400_000;

let forge: TestForge;
let now: number;
let bare: BareCopies;
let copies: Copies;

beforeEach(async () => {
  forge = await TestForge.start();
  now = Date.now();
  bare = new BareCopies(join(forge.folder, 'copies'), () => now);
  copies = new Copies(bare);
});

afterEach(() => forge.close());

const folder = () => join(forge.folder, 'copies', 'forge.test', '7.git');

/** The head of a pull request as the forge shows it. */
function propose(number: number): { sha: string; ref: string } {
  const ref = `refs/pull/${number}/head`;
  const sha = forge.commit('theirs');
  forge.run('-C', 'remote', 'update-ref', ref, sha);
  forge.move('theirs', null);
  return { sha, ref };
}

/** Names of the files of each commit, as git reads them in the copy. */
function read(...wanted: readonly { sha: string; ref: string }[]): Promise<string[]> {
  const { host, id, url, authorization } = forge.remote;
  const at = { cloneURL: () => url, gitAuthorization: async () => authorization };
  const source = { host, id, name: { owner: 'acme', name: 'widgets' }, forge: at };
  return copies.with(source, wanted, async (git, path) => {
    const files: string[] = [];
    for (const { sha } of wanted) {
      assert.ok(await has(path, sha));
      const text = await git(['cat-file', 'blob', `${sha}:file`], { outputMax: 1_024 });
      files.push(text.toString('utf8').split(' ')[0]!);
    }
    return files;
  });
}

test('of a pull request that nobody asks for any more nothing is left after a week, and all of it is there when it is opened again', async () => {
  const base = { sha: forge.commit(), ref: 'refs/heads/main' };
  const [closed, open] = [propose(1), propose(2)];
  assert.deepEqual(await read(base, closed, open), ['main', 'theirs', 'theirs']);
  now += 6 * DAY;
  await read(open);
  now += 2 * DAY;
  const needed = () => ({ refs: ['refs/verifier/heads/main'], commits: [] });
  await new Upkeep({ copies: bare, needed, now: () => now, logger: silentLogger }).round();
  const refs = forge.run('--git-dir', folder(), 'for-each-ref', '--format=%(refname)').split('\n');
  assert.deepEqual(refs, ['refs/verifier/heads/main', 'refs/verifier/pull/2/head']);
  assert.deepEqual([await has(folder(), closed.sha), await has(folder(), open.sha)], [false, true]);
  assert.deepEqual(await read(base, closed, open), ['main', 'theirs', 'theirs']);
});

test('a head of which a deletion that was cut short left only a part is fetched again', async () => {
  const base = { sha: forge.commit(), ref: 'refs/heads/main' };
  const closed = propose(1);
  await read(base, closed);
  forge.run('--git-dir', folder(), 'update-ref', '-d', 'refs/verifier/pull/1/head');
  const blob = forge.run('--git-dir', folder(), 'rev-parse', `${closed.sha}:file`);
  rmSync(join(folder(), 'objects', blob.slice(0, 2), blob.slice(2)));
  assert.ok(await has(folder(), closed.sha));
  assert.deepEqual(await read(base, closed), ['main', 'theirs']);
});

test('copies that were deleted under a running verifier are made again', async () => {
  const base = { sha: forge.commit(), ref: 'refs/heads/main' };
  await read(base);
  rmSync(join(forge.folder, 'copies'), { recursive: true });
  assert.deepEqual(await read(base), ['main']);
  assert.deepEqual(readdirSync(join(forge.folder, 'copies')), ['forge.test']);
});
