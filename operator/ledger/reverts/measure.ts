import type { Repository } from '#crds';
import { decideMeasured, type EventData, type IssueState, type Substance } from '#domain';
import type { IssueLog } from '../../store/log.ts';
import { ancestorOf, firstParents, isIn, madeOf, parentsOf } from './commits.ts';
import { type Pieces, piecesOf } from './hunks.ts';
import { keepChange } from './kept.ts';
import { keepPieces, type Merged, takenBy } from './pieces.ts';
import type { Place, Scanner } from './scan.ts';
import type { Telling } from './telling.ts';
import { mergedBy } from './waiting.ts';

type Measured = EventData<'CHANGE_MEASURED'>;

/** What merged changes are read with. */
export interface Measuring {
  readonly log: IssueLog;
  readonly telling: Telling;
  readonly scanner: Scanner;
}

/**
 * Reads one merged change, and everything that came behind it up to `tip`, however much that is; false where it is not in the base branch as far as
 * that was read. One that is too large to be read is told as that, and counts for nothing.
 */
export async function measure(
  { log, telling, scanner }: Measuring,
  repository: Repository,
  place: Place,
  tip: string,
  merged: Merged,
): Promise<boolean> {
  const { cwd, key } = place;
  const { stream, mergeSHA } = merged;
  if (!(await isIn(cwd, mergeSHA, tip))) return false;
  const from = await baseOf(log, telling, repository, place, merged);
  if (from === null) return false;
  const pieces = await scanner.readable(mergeSHA, () => piecesOf({ cwd }, from, mergeSHA));
  if (pieces === null) {
    const reason = 'The change is too large to be read.';
    const unread = { tier: null, taskClass: null, reason, substance: 'written', files: 0, lines: 0 } as const;
    await telling.tell(stream, (history) => decideMeasured(history, { mergeSHA, baseSHA: from, ...unread }));
    return true;
  }
  await keepPieces(log.pool, key, merged, pieces);
  await keepChange(log.pool, key, merged, pieces.edits);
  for (const commit of await firstParents(cwd, mergeSHA, tip)) await scanner.scan(place, commit, mergeSHA);
  const { substance, ...size } = await madeOf(cwd, from, mergeSHA);
  const inverse = substance === 'written' && (await isInverse(log, place, from, mergeSHA, pieces));
  const graded = gradeMerged(await log.load({ id: stream }), mergeSHA);
  const made: Substance = inverse ? 'inverse' : substance;
  await telling.tell(stream, (history) =>
    decideMeasured(history, { mergeSHA, baseSHA: from, ...graded, substance: made, ...size }),
  );
  return true;
}

/** How a merged change is graded: by its own head, whatever its issue promised. Nothing where nobody graded what was merged. */
function gradeMerged(
  { change, merged }: IssueState,
  mergeSHA: string,
): Pick<Measured, 'tier' | 'taskClass' | 'reason'> {
  if (change === null || merged?.sha !== mergeSHA || change.headSHA !== merged.headSHA)
    return { tier: null, taskClass: null, reason: 'Nothing grades it.' };
  const { tier, taskClass, reason } = change;
  return { tier, taskClass, reason };
}

/** Whether at least half of it takes earlier changes back: git makes that by itself, and it proves nothing of whoever asked it to. */
async function isInverse(
  { pool }: IssueLog,
  { cwd, key }: Place,
  from: string,
  mergeSHA: string,
  { hunks }: Pieces,
): Promise<boolean> {
  const lines = hunks.reduce((sum, hunk) => sum + hunk.lines, 0);
  const taken = await takenBy(pool, key, await firstParents(cwd, from, mergeSHA));
  return lines > 0 && taken * 2 >= lines;
}

/** Where a merged change began. One that was rebased onto the base is as many commits as its pull request had. */
async function baseOf(
  { pool }: IssueLog,
  telling: Telling,
  repository: Repository,
  { cwd, key }: Place,
  { stream, mergeSHA }: Merged,
): Promise<string | null> {
  const parents = await parentsOf(cwd, mergeSHA);
  if (parents.length !== 1 || repository.spec.mergeMethod !== 'rebase') return parents[0] ?? null;
  const { changes } = await telling.history(stream);
  const number = changes.find((change) => change.mergeSHA === mergeSHA)?.pullRequest ?? null;
  const commits = number === null ? null : await mergedBy(pool, key, number);
  return commits === null ? null : ancestorOf(cwd, mergeSHA, commits);
}
