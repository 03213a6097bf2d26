import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { git } from '#lib/git';
import { copiesOf } from './copies.int-kit.ts';

test('a commit that no branch leads to is asked for by its name, and where the forge gives it to nobody that is said', async (t) => {
  const { world, remote, cache, dir } = await copiesOf(t);
  const first = await world.git('seed', 'rev-parse', 'HEAD');
  const rewritten = await world.branch('moves', 'one\n');
  await world.git('work', 'reset', '-q', '--hard', 'origin/main');
  const now = await world.commit('work', 'a.txt', 'two\n', 'instead');
  await world.git('work', 'push', '-q', '-f', world.remote('dev'), 'HEAD:refs/heads/moves');

  assert.equal(await cache.bring(remote, first), true);
  assert.equal(await cache.bring(remote, now), true);
  assert.equal(await cache.bring(remote, rewritten), true);
  // As a deletion leaves it that was cut short.
  const copy = join(dir, 'forge.test', '7.git');
  const tree = await world.git('work', 'rev-parse', `${rewritten}^{tree}`);
  for (const name of readdirSync(join(copy, 'objects', 'pack')))
    renameSync(join(copy, 'objects', 'pack', name), join(dir, name));
  for (const name of readdirSync(dir).filter((one) => one.endsWith('.pack')))
    await git(['unpack-objects', '-q'], { cwd: copy, input: readFileSync(join(dir, name)) });
  rmSync(join(copy, 'objects', tree.slice(0, 2), tree.slice(2)));
  assert.equal(await cache.bring(remote, rewritten), true);
  await git(['cat-file', '-e', tree], { cwd: copy });
  const unknown = '0123456789abcdef0123456789abcdef01234567';
  assert.equal(await cache.bring(remote, unknown), false);
  await world.forge.close();
  assert.equal(await cache.bring(remote, rewritten), true);
  await assert.rejects(cache.bring(remote, unknown), { name: 'GitError' });
});
