import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeadVerdict } from '#domain';
import { ForgeError } from '#lib/forge';
import type { Looked } from './judge.ts';
import { takeBack } from './left.ts';

const sha = 'a'.repeat(40);
const still = () => {};
const merged = { state: 'merged', head: { sha }, base: { ref: 'main', repositoryId: 7 } };

/** A head that pull request 1 had, which the forge shows like this; `done` is what was done about it, in order. */
function setUp({ pull = merged as object | Error, branches = ['main'], refuses = false } = {}) {
  const done: string[] = [];
  const forge = {
    pullRequest: async () => {
      if (pull instanceof Error) throw pull;
      return pull;
    },
  };
  const looked = branches.map((defaultBranch) => ({
    at: { forge },
    polled: { id: 7, name: { owner: 'acme', name: 'widgets' } },
    repository: { spec: { defaultBranch } },
  })) as unknown as Looked[];
  const reporter = {
    report: async (_: unknown, at: { sha: string }, { state }: HeadVerdict) => {
      if (refuses) throw new ForgeError('Unavailable', 'The forge is away.');
      done.push(`${state} ${at.sha}`);
      return { state: 'failure', written: true } as const;
    },
  };
  const passed = { drop: async (id: number, of: string) => void done.push(`drop ${id} ${of}`) };
  return { done, run: () => takeBack({ passed, reporter }, looked, { sha, pulls: [1] }, still) };
}

test('a head that was merged into the default branch is dropped as it is', async () => {
  const { done, run } = setUp();
  assert.equal(await run(), null);
  assert.deepEqual(done, [`drop 7 ${sha}`]);
});

const cases: [string, Parameters<typeof setUp>[0]][] = [
  ['whose pull request is closed', { pull: { ...merged, state: 'closed' } }],
  ['that was merged into another branch', { pull: { ...merged, base: { ...merged.base, ref: 'scratch' } } }],
  ['whose pull request was merged with another head', { pull: { ...merged, head: { sha: 'b'.repeat(40) } } }],
  ['whose pull request is of another repository', { pull: { ...merged, base: { ...merged.base, repositoryId: 8 } } }],
  ['whose pull request is gone', { pull: new ForgeError('NotFound', 'There is none.') }],
  ['that was merged into what one of two Repositories takes for the default branch', { branches: ['main', 'scratch'] }],
];
for (const [what, world] of cases)
  test(`a head ${what} fails, and is dropped after that`, async () => {
    const { done, run } = setUp(world);
    await run();
    assert.deepEqual(done, [`failure ${sha}`, `drop 7 ${sha}`]);
  });

test('a head of which the forge cannot be asked, or told, is not dropped', async () => {
  for (const world of [
    { pull: new ForgeError('Unavailable', 'The forge is away.') },
    { pull: { ...merged, state: 'closed' }, refuses: true },
  ]) {
    const { done, run } = setUp(world);
    await assert.rejects(run(), /away/);
    assert.deepEqual(done, []);
  }
});
