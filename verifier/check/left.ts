import type { HeadVerdict } from '#domain';
import { type Forge, ForgeError } from '#lib/forge';
import type { Looked } from './judge.ts';
import type { PassedHead, PassedHeads } from './passed.ts';
import type { Reported, Reporter } from './report.ts';

/** What the check says of a head that was let through, and that no open pull request has any more. */
export const LEFT: HeadVerdict = {
  state: 'failure',
  title: 'No open pull request has this head',
  summary:
    'It was let through while one had it. That pull request is closed, or has another head by now, so what let it through is not looked at any more.\n\nThe head is looked at anew when a pull request has it again: when this one is reopened, or another is opened.',
  until: null,
};

interface LeftParts {
  readonly passed: Pick<PassedHeads, 'drop'>;
  readonly reporter: Pick<Reporter, 'report'>;
}

/**
 * Fails a head that no open pull request has any more, unless it was merged into the default branch as each of those sees it that stand for the
 * repository; then forgets it. Null where it was merged. Calling twice is harmless. `still` as for {@link Reporter.report}. Throws ForgeError, KubeError.
 */
export async function takeBack(
  { passed, reporter }: LeftParts,
  looked: readonly Looked[],
  head: PassedHead,
  still: () => void,
): Promise<Reported | null> {
  const { at, polled } = looked[0]!;
  const { id, name } = polled;
  const bases = new Set(looked.map(({ repository }) => repository.spec.defaultBranch));
  const merged = bases.size === 1 && (await isMerged(at.forge, polled, head, [...bases][0]!));
  const said = merged ? null : await reporter.report(at.forge, { id, name, sha: head.sha }, LEFT, still);
  await passed.drop(id, head.sha, still);
  return said;
}

async function isMerged(
  forge: Pick<Forge, 'pullRequest'>,
  { id, name }: Looked['polled'],
  { sha, pulls }: PassedHead,
  branch: string,
): Promise<boolean> {
  for (const number of pulls) {
    const pull = await forge.pullRequest(name, number).catch((error: unknown) => {
      if (error instanceof ForgeError && error.code === 'NotFound') return null;
      throw error;
    });
    if (pull === null || pull.state !== 'merged' || pull.head.sha !== sha) continue;
    if (pull.base.ref === branch && pull.base.repositoryId === id) return true;
  }
  return false;
}
