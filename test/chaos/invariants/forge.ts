import type { End } from './log.ts';

export interface PullFacts {
  readonly number: number;
  readonly headRef: string;
  readonly headSHA: string;
  readonly open: boolean;
  /** ISO 8601; null for one that was not merged. */
  readonly mergedAt: string | null;
  readonly mergeSHA: string | null;
  readonly mergedBy: string | null;
  readonly reviews: readonly {
    readonly by: string;
    readonly state: string;
    readonly sha: string;
    readonly at: string;
  }[];
  readonly checks: readonly {
    readonly name: string;
    readonly app: string;
    readonly conclusion: string | null;
    readonly at: string | null;
  }[];
}

/** A commit of the default branch, newest first, by its first parents. */
export interface Landed {
  readonly sha: string;
  /** Whether the merged head already held what the branch was before; null for what is no merge of a pull request. */
  readonly onTip: boolean | null;
}

/** What a repository of the forge shows from outside, as far as it belongs to a round. */
export interface RepositoryFacts {
  readonly name: string;
  readonly issues: readonly { readonly number: number; readonly open: boolean; readonly title: string }[];
  readonly pulls: readonly PullFacts[];
  /** Marks of effects in the texts of issues, comments and reviews. */
  readonly marks: readonly string[];
  readonly landed: readonly Landed[];
}

/** An issue of the round as its log ended. */
export interface Ended {
  readonly name: string;
  readonly title: string;
  readonly number: number | null;
  readonly end: End;
}

const REVIEWER = 'rig-review-e';
const CONDUCTOR = 'rig-conductor';

/** Sentences about what a repository of the forge shows and must not. */
export function checkForge(facts: RepositoryFacts, ended: readonly Ended[]): string[] {
  const own = ended.flatMap((issue) => checkIssue(facts, issue).map((fault) => `${issue.name}: ${fault}`));
  const shared = [...checkMarks(facts), ...checkLanded(facts)].map((fault) => `${facts.name}: ${fault}`);
  return [
    ...own,
    ...shared,
    ...facts.pulls.flatMap((pull) => checkGate(pull).map((fault) => `${facts.name}: ${fault}`)),
  ];
}

/** Filed once; every branch with one pull request; merged once if and only if it is done, with nothing left open. */
function checkIssue(facts: RepositoryFacts, { name, title, number, end }: Ended): string[] {
  const pulls = facts.pulls.filter(({ headRef }) => headRef.startsWith(`rig/${name}/`));
  const filed = facts.issues.filter((issue) => issue.title === title);
  const branches = new Set(pulls.map(({ headRef }) => headRef));
  const merged = pulls.filter(({ mergedAt }) => mergedAt !== null).length;
  const open = pulls.filter((pull) => pull.open).length;
  const faults = [];
  if (filed.length !== 1) faults.push(`${filed.length} issues at the forge have its title`);
  if (filed[0] !== undefined && filed[0].number !== number)
    faults.push(`its number is ${number}, at the forge ${filed[0].number}`);
  if (branches.size !== pulls.length) faults.push(`${pulls.length} pull requests for ${branches.size} branches`);
  if (merged !== (end === 'merged' ? 1 : 0)) faults.push(`${merged} pull requests are merged, and it is ${end}`);
  if (open > (end === 'merged' ? 0 : 1)) faults.push(`${open} pull requests are open, and it is ${end}`);
  if (end === 'merged' && filed[0]?.open) faults.push('it is done, and open at the forge');
  return faults;
}

/** An effect leaves its mark once. */
function checkMarks({ marks }: RepositoryFacts): string[] {
  const twice = new Set(marks.filter((mark, index) => marks.indexOf(mark) !== index));
  return [...twice].map((mark) => `${mark} is there more than once`);
}

/** Everything on the default branch but its first commit is one merged pull request, and each of those is there once. */
function checkLanded({ landed, pulls }: RepositoryFacts): string[] {
  const shas = landed.map(({ sha }) => sha);
  const merges = pulls.flatMap(({ mergeSHA, mergedAt }) => (mergedAt === null ? [] : [mergeSHA ?? '']));
  const missing = merges.filter((sha) => !shas.includes(sha));
  const behind = landed.filter(({ onTip }) => onTip === false);
  return [
    ...(shas.length === merges.length ? [] : [`${shas.length} commits landed for ${merges.length} merges`]),
    ...missing.map((sha) => `merge ${sha} is not on the default branch`),
    ...behind.map(({ sha }) => `${sha} was merged from a head without the branch's tip`),
  ];
}

/** The conductor alone merges, and only a head that the reviewer had approved and the tests had passed on. */
function checkGate({ number, headSHA, mergedAt, mergedBy, reviews, checks }: PullFacts): string[] {
  if (mergedAt === null) return [];
  const before = (at: string | null) => at !== null && Date.parse(at) <= Date.parse(mergedAt);
  const approved = reviews.some(
    ({ by, state, sha, at }) => by === REVIEWER && state === 'APPROVED' && sha === headSHA && before(at),
  );
  const tested = checks.some(
    ({ name, app, conclusion, at }) => name === 'ci' && app === 'rig-ci' && conclusion === 'success' && before(at),
  );
  return [
    ...(approved ? [] : [`pull request ${number} was merged without an approval of ${headSHA}`]),
    ...(tested ? [] : [`pull request ${number} was merged without a test of ${headSHA}`]),
    ...(mergedBy === CONDUCTOR ? [] : [`pull request ${number} was merged by ${mergedBy}`]),
  ];
}
