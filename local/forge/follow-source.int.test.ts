import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world?.close());

/** A clone of the forge's repository, as a person has one on the same machine. */
async function clone(name: string): Promise<string> {
  await world.git(world.dir, 'clone', '-q', world.remote('dev'), name);
  return join(world.dir, name);
}

async function follow(path: string) {
  const { status, body } = await world.admin('POST', '/repositories/acme/widgets/follow', {
    source: { path },
    login: 'boss',
  });
  return { ...body, status };
}

const main = async () => (await world.rest('dev', 'GET /repos/acme/widgets/branches/main')).body.commit.sha;
const protect = async () => {
  const rules = [{ type: 'update' }];
  const conditions = { ref_name: { include: ['refs/heads/main'], exclude: [] } };
  await world.rest('boss', 'POST /repos/acme/widgets/rulesets', {
    name: 'strict',
    target: 'branch',
    enforcement: 'active',
    conditions,
    rules,
  });
};

test('what the source has more of its default branch is taken over and told as a push, whatever rules hold for pushes', async () => {
  await protect();
  const path = await clone('further');
  const from = await main();
  assert.deepEqual(await follow(path), { status: 200, branch: 'main', state: 'same', from, to: from });
  const since = world.listener.received.length;
  const to = await world.commit('further', 'b.txt', 'new\n', 'go on');
  assert.deepEqual(await follow(path), { status: 200, branch: 'main', state: 'forwarded', from, to });
  assert.equal(await main(), to);
  const { payload } = await world.listener.next('push', undefined, since);
  assert.deepEqual(
    [payload.ref, payload.before, payload.after, payload.sender.login],
    ['refs/heads/main', from, to, 'boss'],
  );
});

test('a source that is behind, has gone another way or is another repository moves nothing', async () => {
  const behind = await clone('behind');
  const other = await clone('other-way');
  const path = await clone('ahead');
  const old = await main();
  const here = await world.commit('ahead', 'c.txt', 'here\n', 'merged here');
  assert.equal((await follow(path)).state, 'forwarded');
  const there = await world.commit('other-way', 'd.txt', 'there\n', 'committed there');
  await world.git(world.dir, 'init', '-q', '-b', 'main', 'stranger');
  const strange = await world.commit('stranger', 'e.txt', 'strange\n', 'another');
  const left = { status: 200, branch: 'main', from: here };
  assert.deepEqual(await follow(behind), { ...left, state: 'ahead', to: old });
  assert.deepEqual(await follow(other), { ...left, state: 'diverged', to: there });
  assert.deepEqual(await follow(join(world.dir, 'stranger')), { ...left, state: 'unrelated', to: strange });
  assert.equal(await main(), here);
});

test('a source whose branch has another name by now moves nothing and is known as the same repository, and one that cannot be read is refused in a sentence', async () => {
  const path = await clone('renamed');
  await world.git('renamed', 'branch', '-q', '-m', 'trunk');
  const to = await world.commit('renamed', 'f.txt', 'f\n', 'on the trunk');
  const from = await main();
  assert.deepEqual(await follow(path), { status: 200, branch: 'main', state: 'gone', from, to });
  await world.git(world.dir, 'init', '-q', '-b', 'trunk', 'another');
  const other = await world.commit('another', 'f.txt', 'f\n', 'first');
  const unrelated = { status: 200, branch: 'main', state: 'unrelated', from, to: other };
  assert.deepEqual(await follow(join(world.dir, 'another')), unrelated);
  assert.equal(await main(), from);
  const nowhere = join(world.dir, 'nowhere');
  const { status, message } = await follow(nowhere);
  assert.deepEqual([status, message], [422, `${nowhere} has no refs/heads/main that could be read.`]);
});
