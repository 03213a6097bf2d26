import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copiesOf } from './copies.int-kit.ts';

test('what stands on commits is told of tips that no branch leads to any more, of histories that have nothing of them, and which the forge does not have', async (t) => {
  const { world, remote, cache } = await copiesOf(t);
  const push = (refspec: string) => world.git('work', 'push', '-q', '-f', world.remote('dev'), refspec);
  const base = await world.git('seed', 'rev-parse', 'HEAD');
  const payload = await world.branch('rig/shop-7/1', 'payload\n');
  const trivial = await world.commit('work', 'b.txt', 'two\n', 'trivial');
  await push('HEAD:refs/heads/ada/tmp');
  await push(':refs/heads/ada/tmp');
  await world.git('work', 'checkout', '-q', '--orphan', 'pages');
  const pages = await world.commit('work', 'c.txt', 'three\n', 'pages');
  await push('HEAD:refs/heads/pages');

  await cache.refresh(remote, ['main', 'rig/shop-7/1']);
  const unknown = '0123456789abcdef0123456789abcdef01234567';
  const asked = { own: [payload], tips: [trivial, pages, base, unknown], besides: [payload, unknown] };
  const told = await cache.lineage(remote, asked);
  assert.deepEqual([...told.builtOn], [[trivial, [payload]]]);
  assert.deepEqual([...told.gone], [unknown]);
  const lost = await cache.lineage(remote, { ...asked, own: [unknown] });
  assert.deepEqual([...lost.gone], asked.tips);
  await world.forge.close();
  assert.equal((await cache.lineage(remote, { ...asked, tips: [trivial, pages] })).builtOn.size, 1);
  await assert.rejects(cache.lineage(remote, asked), { name: 'GitError' });
});
