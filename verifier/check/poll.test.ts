import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import { ForgeError } from '#lib/forge';
import { Polls } from './poll.ts';

const spec = { owner: 'acme', name: 'widgets', defaultBranch: 'main' };
const repository = { spec } as unknown as Repository;
const pull = (number: number) => ({ number, head: { sha: `head-${number}` } });
type Forge = Parameters<Polls['of']>[2];

/** A forge with a repository: `there` by its number, `named` by its name. */
function setUp() {
  const world = {
    there: { id: 1, owner: 'acme', name: 'widgets' },
    named: { id: 1, owner: 'acme', name: 'widgets' },
    pulls: [pull(1)] as unknown[],
    /** Answers that nothing changed, whatever it was asked. */
    lies: false,
  };
  const forge = {
    repository: async () => world.named,
    repositoryIfChanged: async (id: number) => {
      if (id !== world.there.id) throw new ForgeError('NotFound', 'There is no such repository.');
      return { notModified: false, value: world.there, etag: null };
    },
    branchIfChanged: async () =>
      world.lies ? { notModified: true } : { notModified: false, value: 'base', etag: null },
    listPullRequests: async () =>
      world.lies ? { notModified: true } : { notModified: false, items: world.pulls, complete: true, etag: '"1"' },
  } as unknown as Forge;
  const polls = new Polls();
  return { world, look: () => polls.of('a/widgets', repository, forge) };
}

test('a repository that was deleted is looked for by its name, under which there may be another one', async () => {
  const { world, look } = setUp();
  assert.equal((await look()).id, 1);
  world.there = { id: 2, owner: 'acme', name: 'widgets' };
  world.named = world.there;
  assert.equal((await look()).id, 2);
});

test('a repository that got another name is followed, until another one has its old name', async () => {
  const { world, look } = setUp();
  await look();
  world.there = { id: 1, owner: 'acme', name: 'gadgets' };
  world.named = world.there;
  assert.deepEqual((await look()).name, { owner: 'acme', name: 'gadgets' });
  world.named = { id: 2, owner: 'acme', name: 'widgets' };
  world.there = world.named;
  assert.equal((await look()).id, 2);
});

test('a forge that says that nothing changed when nobody asked so is not believed', async () => {
  const { world, look } = setUp();
  world.lies = true;
  await assert.rejects(look(), /nobody asked about/);
});

test('of a hundred pull requests or more it is never believed that none changed: further pages may have', async () => {
  const { world, look } = setUp();
  world.pulls = Array.from({ length: 100 }, (_, index) => pull(index));
  assert.equal((await look()).pulls.length, 100);
  world.lies = true;
  await assert.rejects(look(), /nobody asked about/);
});
