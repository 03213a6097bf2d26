import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { TestForge } from './forge.int-kit.ts';
import { BareCopies, GitCache } from './index.ts';

let forge: TestForge;

beforeEach(async () => {
  forge = await TestForge.start();
});

afterEach(() => forge.close());

/** What a git leaves that is killed while it writes. */
function leaveLocked(...names: string[]): void {
  for (const name of names) writeFileSync(join(forge.folder, 'cache', 'forge.test', '7.git', name), '');
}

test('a copy in which a git was killed is brought up to date all the same', async () => {
  const cache = new GitCache(new BareCopies(join(forge.folder, 'cache')));
  forge.commit();
  await cache.refresh(forge.remote, ['main']);
  leaveLocked('refs/heads/main.lock', 'packed-refs.lock', 'shallow.lock');
  const newest = forge.commit();
  assert.deepEqual([...(await cache.refresh(forge.remote, ['main']))], [['main', newest]]);
  assert.equal(forge.run('--git-dir=cache/forge.test/7.git', 'rev-parse', 'refs/heads/main'), newest);
});

test('what a process before this one left locked is opened', async () => {
  forge.commit();
  await new GitCache(new BareCopies(join(forge.folder, 'cache'))).refresh(forge.remote, ['main']);
  leaveLocked('config.lock', 'HEAD.lock', 'refs/heads/main.lock');
  const newest = forge.commit();
  const cache = new GitCache(new BareCopies(join(forge.folder, 'cache')));
  assert.deepEqual([...(await cache.refresh(forge.remote, ['main']))], [['main', newest]]);
});

test('a fetch that fails without a lock fails', async () => {
  const cache = new GitCache(new BareCopies(join(forge.folder, 'cache')));
  forge.commit();
  await cache.refresh(forge.remote, ['main']);
  forge.commit();
  rmSync(join(forge.folder, 'remote', '.git', 'objects'), { recursive: true });
  await assert.rejects(cache.refresh(forge.remote, ['main']), { name: 'GitError' });
});
