import { createHash } from 'node:crypto';
import {
  ApprovalError,
  type ApprovedChange,
  approvedChange,
  type CheckedGrade,
  type Fact,
  isHigher,
  known,
  manifestPaths,
  unknown,
  type Work,
} from '#domain';
import { type Git, type ReadChange, readChange } from '#lib/change';
import { GitError, type LineageAnswer, type LineageQuestion } from '#lib/git';
import { type Graded, gradeRead } from '#lib/grading';
import { Retry } from '#lib/kube';
import { readDocuments } from '#lib/yaml';
import { type Copies, has, type Source } from './copies.ts';

/** A head whose change onto the default branch is graded. */
export interface AskedHead {
  readonly source: Source;
  /** The default branch, and its tip. */
  readonly branch: string;
  readonly base: string;
  readonly sha: string;
  /** Number of a pull request of that head, under which the forge shows it. */
  readonly number: number;
  /** What the change is for; the highest grade of all counts. */
  readonly works: readonly Work[];
  readonly grading: Graded;
}

/** What git says of a head, as it was graded. */
export interface GradedHead {
  readonly grade: CheckedGrade;
  /** What an Approval of its merge binds, the number of the pull request aside; or a sentence why none can. */
  readonly change: Omit<ApprovedChange, 'number'> | string;
  /** Every commit that the head brings in; null where there are too many. */
  readonly commits: ReadonlySet<string> | null;
}

const KEPT = 2_000;
/** Commits of one head whose pushers are asked for. */
const MOST_COMMITS = 1_000;
/** Characters of a commit's name in hex, of the longest kind, and a line feed. */
const LINE = 65;

/** Grades heads by what git has of them, each once for each base, policy and work. */
export class HeadGrades {
  readonly #copies: Copies;
  readonly #known = new Map<string, GradedHead>();

  constructor(copies: Copies) {
    this.#copies = copies;
  }

  /** Unknown where git does not show the head, or not whole; that is asked again at the next look. */
  async of(asked: AskedHead): Promise<Fact<GradedHead>> {
    const key = keyOf(asked);
    const before = this.#known.get(key);
    if (before !== undefined) return known(before, 0);
    const { source, branch, base, sha, number } = asked;
    const wanted = [
      { sha: base, ref: `refs/heads/${branch}` },
      { sha, ref: `refs/pull/${number}/head` },
    ];
    try {
      const graded = await this.#copies.with(source, wanted, async (git, path) => {
        if (!(await has(path, sha)) || !(await has(path, base)))
          return unknown('The forge does not show that commit in its git now.');
        const found = await grade(await readChange(git, { base, head: sha }), asked);
        return found.known ? known({ ...found.value, commits: await commitsOf(git, base, sha) }, 0) : found;
      });
      if (graded.known) this.#remember(key, graded.value);
      return graded;
    } catch (error) {
      if (error instanceof GitError) return unknown(`git could not be asked: ${error.message}`);
      throw error;
    }
  }

  /** What builds on some commits. Throws Retry where git does not tell it now. */
  async lineage(source: Source, asked: LineageQuestion): Promise<LineageAnswer> {
    try {
      return await this.#copies.lineage(source, asked);
    } catch (error) {
      if (error instanceof GitError) throw new Retry('FactUnknown', `git could not be asked: ${error.message}`);
      throw error;
    }
  }

  #remember(key: string, graded: GradedHead): void {
    this.#known.set(key, graded);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** What the head brings in, as git lists it. */
async function commitsOf(git: Git, base: string, head: string): Promise<GradedHead['commits']> {
  const args = ['rev-list', `--max-count=${MOST_COMMITS + 1}`, '--end-of-options', head, `^${base}`];
  const said = await git(args, { outputMax: (MOST_COMMITS + 1) * LINE });
  const commits = said
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return commits.length > MOST_COMMITS ? null : new Set(commits);
}

async function grade(change: ReadChange, asked: AskedHead): Promise<Fact<Omit<GradedHead, 'commits'>>> {
  const [baseSHA] = change.mergeBases;
  if (!change.complete || baseSHA === undefined) return unknown(change.why ?? 'Not every file of the change is known.');
  let highest: CheckedGrade | undefined;
  for (const work of asked.works) {
    const { tier, rule, path, reason } = await gradeRead(change, asked.grading, work);
    if (highest === undefined || isHigher(tier, highest.tier)) highest = { tier, rule, path, reason };
  }
  if (highest === undefined) return unknown('It is not known what the change is for.');
  return known({ grade: highest, change: await bound(change, baseSHA, asked) }, 0);
}

async function bound(change: ReadChange, baseSHA: string, { sha, number }: AskedHead): Promise<GradedHead['change']> {
  const { files } = await change.withContent(manifestPaths(change.files));
  try {
    return approvedChange({ number, headSHA: sha, baseSHA, files }, { parse: readDocuments, sha256 });
  } catch (error) {
    if (error instanceof ApprovalError) return error.message;
    throw error;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function keyOf({ source: { host, id }, base, sha, works, grading }: AskedHead): string {
  return sha256(JSON.stringify([host, id, base, sha, works, grading.key]));
}
