import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalDocument } from '#domain';
import { approvalInput } from '../../domain/testing/approval.ts';
import type { ApprovedPull } from '../approvals/kept-consents.ts';
import { type FateSources, Fates } from './fate.ts';

const document = approvalDocument(approvalInput('merge')) as unknown as ApprovedPull;
const { forge } = approvalInput('merge');
const head = 'a'.repeat(40);

interface Pull {
  readonly state: 'open' | 'closed' | 'merged';
  readonly mergedAt: string | null;
}

/** Fates at a forge that answers so; `asked` is what it was asked. */
function fates({
  pull = { state: 'open', mergedAt: null },
  host = forge.host,
  repositoryID = forge.repositoryId,
  found = forge.repositoryId,
  conclusion = 'success',
}: {
  pull?: Pull | Error;
  host?: string;
  /** What the status of the Repository says. */
  repositoryID?: number;
  /** What the forge says. */
  found?: number;
  conclusion?: string;
}) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const world = { pull };
  const sources = {
    repositories: {
      list: (namespace?: string) =>
        namespace === 'acme' ? [{ spec: { owner: 'o', name: 'n' }, status: { forge: { repositoryID } } }] : [],
    },
    forges: {
      forRepository: async () => ({
        host,
        forge: {
          pullRequest: async ({ owner, name }: { owner: string; name: string }, number: number) => {
            asked.push(`${owner}/${name}#${number}`);
            if (world.pull instanceof Error) throw world.pull;
            return { ...world.pull, head: { sha: head }, base: { repositoryId: found, ref: 'main' } };
          },
          ownCheck: async () => ({ conclusion }),
        },
      }),
    },
    now: () => clock.now,
  } as unknown as FateSources;
  return { fates: new Fates(sources), asked, clock, world };
}

test('fate: a pull request that is open stands at its head, as the verifier’s own check says of it', async () => {
  for (const conclusion of ['success', 'failure']) {
    const one = fates({ conclusion });
    const passes = conclusion === 'success';
    assert.deepEqual(await one.fates.of(document), { state: 'open', headSHA: head, baseRef: 'main', passes });
    assert.deepEqual(one.asked, ['o/n#57']);
  }
});

test('fate: a pull request that was closed is given up', async () => {
  const one = fates({ pull: { state: 'closed', mergedAt: null } });
  assert.deepEqual(await one.fates.of(document), { state: 'closed' });
});

test('fate: what is open is asked again after a while, what was merged never', async () => {
  const one = fates({});
  await one.fates.of(document);
  await one.fates.of(document);
  assert.equal(one.asked.length, 1);
  one.clock.now = 6_000;
  one.world.pull = { state: 'merged', mergedAt: '2026-01-01T00:00:00Z' };
  const merged = { state: 'merged', headSHA: head, baseRef: 'main', at: Date.parse('2026-01-01T00:00:00Z') };
  assert.deepEqual(await one.fates.of(document), merged);
  one.clock.now = 1e12;
  one.world.pull = new Error('The forge is away.');
  assert.deepEqual(await one.fates.of(document), merged);
  assert.equal(one.asked.length, 2);
});

test('fate: a forge that does not answer is no answer, and is asked again at once', async () => {
  const one = fates({ pull: new Error('The forge is away.') });
  assert.deepEqual(await one.fates.of(document), { state: 'unknown', why: 'The forge is away.' });
  one.world.pull = { state: 'open', mergedAt: null };
  assert.equal((await one.fates.of(document)).state, 'open');
});

const unknowns: [string, Parameters<typeof fates>[0], RegExp][] = [
  ['another host', { host: 'elsewhere.example' }, /approved at github\.com/],
  ['a repository that no Repository is of', { repositoryID: 7 }, /no Repository in acme/],
  ['a repository that only a status says to be the one', { found: 7 }, /o\/n of github\.com is not the repository/],
  ['a merge without a time', { pull: { state: 'merged', mergedAt: null } }, /does not say when/],
];
for (const [what, given, says] of unknowns) {
  test(`fate: ${what} is not known`, async () => {
    const fate = await fates(given).fates.of(document);
    assert.ok(fate.state === 'unknown' && says.test(fate.why));
  });
}
