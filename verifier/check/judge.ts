import type { Issue, Repository } from '#crds';
import {
  type CheckedApproval,
  type CheckedIssue,
  type Fact,
  type HeadVerdict,
  isHigher,
  judgeHead,
  known,
  type Tier,
  unknown,
} from '#domain';
import type { PullRequestSummary } from '#lib/forge';
import { type Grading, policyNameOf, type TierPolicies } from '#lib/grading';
import type { KubeObject } from '#lib/kube';
import type { ApprovalChecks } from '../approvals/check.ts';
import type { VerifierForge } from '../forge/forges.ts';
import { issuesOf, type Objects } from '../objects.ts';
import { Authors } from './authors.ts';
import type { Source } from './copies.ts';
import type { GradedHead, HeadGrades } from './grade.ts';
import type { Polled } from './poll.ts';
import { gradeOfIssue, issuesOfPull, workOfIssue, workOfPull } from './work.ts';

/** A commit that is the head of open pull requests, of one as a rule. */
export interface OpenHead {
  readonly sha: string;
  readonly pulls: readonly PullRequestSummary[];
}

/** A repository as it is judged at one look. */
export interface Looked {
  readonly key: string;
  readonly repository: Repository & KubeObject;
  readonly at: VerifierForge;
  readonly polled: Polled;
}

/** The heads of open pull requests. A check belongs to a commit, so that two pull requests of one commit have one. */
export function headsOf(pulls: readonly PullRequestSummary[]): OpenHead[] {
  const bySHA = Map.groupBy(pulls, ({ head }) => head.sha);
  return [...bySHA].map(([sha, its]) => ({ sha, pulls: its }));
}

/** Judges heads: their change onto the default branch, whatever branch a pull request goes to, for that is what the forge's rules guard. */
export class HeadJudge {
  readonly #objects: Objects;
  readonly #policies: TierPolicies;
  readonly #grades: Pick<HeadGrades, 'of' | 'lineage'>;
  readonly #approvals: Pick<ApprovalChecks, 'of'>;
  readonly #authors = new Authors();

  constructor(
    objects: Objects,
    parts: {
      readonly policies: TierPolicies;
      readonly grades: Pick<HeadGrades, 'of' | 'lineage'>;
      readonly approvals: Pick<ApprovalChecks, 'of'>;
    },
  ) {
    this.#objects = objects;
    this.#policies = parts.policies;
    this.#grades = parts.grades;
    this.#approvals = parts.approvals;
  }

  /** What the check says of a head now. */
  async of(looked: Looked, head: OpenHead): Promise<HeadVerdict> {
    const { repository } = looked;
    const { base } = looked.polled;
    const grading = this.#policies.of(repository);
    if (base === null) return judgeUngraded(head, noBranch(looked));
    if (grading.state !== 'graded') return judgeUngraded(head, ungradedBecause(grading, repository));
    const all = issuesOf(this.#objects, looked.key);
    const graded = await this.#gradeOf(looked, { ...head, base }, all, grading);
    const mine = all.filter((issue) =>
      head.pulls.some((pull) => issuesOfPull([issue], repository.spec, pull).length > 0),
    );
    const issues = mine.map((issue) => gradeOfIssue(grading, issue));
    const change = graded.known ? known(graded.value.grade, 0) : graded;
    // Below T3 too: what was signed with a head may consent to what it writes to a cluster, once it has been held against the head.
    const approvals = graded.known
      ? await this.#approvalsOf(looked, head, graded.value, { all, issues })
      : known([], 0);
    return judgeHead({ sha: head.sha, ungraded: null, change, issues, approvals });
  }

  #gradeOf(
    { repository, at, polled }: Looked,
    { sha, pulls, base }: OpenHead & { readonly base: string },
    issues: readonly Issue[],
    grading: Extract<Grading, { state: 'graded' }>,
  ): Promise<Fact<GradedHead>> {
    const works = pulls.flatMap((pull) => {
      const its = issuesOfPull(issues, repository.spec, pull);
      return its.length > 0 ? its.map(workOfIssue) : [workOfPull(pull)];
    });
    const source = sourceOf({ at, polled });
    const { number } = pulls[0]!;
    return this.#grades.of({
      source,
      branch: repository.spec.defaultBranch,
      base,
      sha,
      number,
      works,
      grading,
    });
  }

  #approvalsOf(
    { repository, at, polled }: Looked,
    { sha, pulls }: OpenHead,
    { change, grade, commits }: GradedHead,
    { all, issues }: { readonly all: readonly (Issue & KubeObject)[]; readonly issues: readonly CheckedIssue[] },
  ): Promise<Fact<readonly CheckedApproval[]>> {
    const onto = pulls.filter(({ base }) => base.ref === repository.spec.defaultBranch);
    const head = {
      repository,
      forge: { host: at.host, repositoryId: polled.id },
      sha,
      pulls: onto.map(({ number }) => number),
      change,
      tier: issues.reduce<Tier>((highest, { tier }) => (isHigher(tier, highest) ? tier : highest), grade.tier),
      authors: () =>
        this.#authors.of(at.forge, polled.name, pulls, {
          commits,
          issues: issues.map(({ name }) => name),
          lineage: (asked) => this.#grades.lineage(sourceOf({ at, polled }), asked),
          open: polled.pulls,
        }),
    };
    return this.#approvals.of(head, all);
  }
}

function sourceOf({ at, polled }: Pick<Looked, 'at' | 'polled'>): Source {
  return { host: at.host, id: polled.id, name: polled.name, forge: at.forge };
}

function judgeUngraded({ sha }: OpenHead, because: string): HeadVerdict {
  const nothing = { issues: [], approvals: known([], 0), change: unknown('Nothing grades it.') };
  return judgeHead({ sha, ungraded: because, ...nothing });
}

function noBranch({ key, repository }: Looked): string {
  return `The forge shows no branch ${repository.spec.defaultBranch}, onto which Repository ${key} has changes judged: correct its spec.defaultBranch.`;
}

function ungradedBecause(grading: Exclude<Grading, { state: 'graded' }>, repository: Repository): string {
  if (grading.state === 'wrong') return grading.problem;
  return `There is no TierPolicy ${policyNameOf(repository)}, which would grade the changes of Repository ${repository.metadata.name}.`;
}
