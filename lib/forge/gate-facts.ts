import { ForgeError } from './error.ts';
import type { PullRequestFacts, ThreadFacts } from './facts.ts';
import {
  checksPage,
  closingIssuesPage,
  commitsPage,
  labelsPage,
  type Page,
  pullRequestCore,
  reviewsPage,
  type ThreadPage,
  threadsPage,
} from './graphql.ts';
import type { RepositoryName } from './port.ts';
import { COMPARE_WITH_BASE, GATE_FACTS, type GateList, NEXT_PAGE } from './queries.ts';
import { commitSHAOrNull, integerOrNull, object, objectOrNull, type Untrusted } from './read.ts';
import { allComments, type Graphql } from './threads.ts';

/** Pages of one list that are followed before it is called incomplete. */
const MAX_PAGES = 20;

interface Target {
  readonly graphql: Graphql;
  readonly owner: string;
  readonly name: string;
  readonly number: number;
}

interface List<T> {
  readonly items: T[];
  readonly complete: boolean;
}

/** See `Forge.pullRequest`. */
export async function readGateFacts(
  graphql: Graphql,
  repo: RepositoryName,
  number: number,
  expectedHead = '',
): Promise<PullRequestFacts> {
  const target: Target = { graphql, owner: repo.owner, name: repo.name, number };
  const expected = commitSHAOrNull(expectedHead);
  const answer = await ask(target, GATE_FACTS, { head: expected ?? '', compare: expected !== null });
  const pull = pullIn(answer, target);
  const core = pullRequestCore(pull, objectOrNull(answer.repository)?.databaseId);
  const head = core.head.sha;
  const lists = await readLists(target, pull, head);
  return { ...core, ...lists, containsBase: await containsBase(target, pull, core.state, head, expected) };
}

async function readLists(target: Target, pull: Untrusted, head: string) {
  const follow = <T>(list: GateList, read: (pull: Untrusted) => Page<T>) => followPages(target, list, pull, head, read);
  const commits = await follow('commits', commitsPage);
  const checks = await follow('checks', (at) => checksPage(at, head));
  const reviews = await follow('reviews', reviewsPage);
  const threads = await withComments(target, await follow('threads', threadsPage));
  const closingIssues = await follow('closingIssues', closingIssuesPage);
  const labels = await follow('labels', labelsPage);
  return {
    commits: commits.items,
    checks: checks.items,
    reviews: reviews.items,
    threads: threads.items,
    closingIssues: closingIssues.items,
    labels: labels.items,
    complete: {
      commits: commits.complete,
      checks: checks.complete,
      reviews: reviews.complete,
      threads: threads.complete,
      closingIssues: closingIssues.complete,
      labels: labels.complete,
    },
  };
}

/** Reads a list from its first page on. A page that belongs to another head ends it, incomplete. */
async function followPages<T>(
  target: Target,
  list: GateList,
  first: Untrusted,
  head: string,
  read: (pull: Untrusted) => Page<T>,
): Promise<List<T>> {
  let page = read(first);
  const items = [...page.items];
  for (let pages = 1; page.whole && page.next !== null; pages++) {
    if (pages === MAX_PAGES) return { items, complete: false };
    const pull = pullIn(await ask(target, NEXT_PAGE[list], { after: page.next }), target);
    if (pull.headRefOid !== head) return { items, complete: false };
    page = read(pull);
    items.push(...page.items);
  }
  return { items, complete: page.whole };
}

async function withComments(target: Target, threads: List<ThreadPage>): Promise<List<ThreadFacts>> {
  const items: ThreadFacts[] = [];
  let complete = threads.complete;
  for (const thread of threads.items) {
    const { comments, whole } = await allComments(target.graphql, thread);
    items.push({ ...thread.facts, comments: comments.map((comment) => comment.facts) });
    complete &&= whole;
  }
  return { items, complete };
}

async function ask(target: Target, query: string, more: Record<string, unknown>): Promise<Untrusted> {
  const { graphql, owner, name, number } = target;
  try {
    return object(await graphql(query, { owner, name, number, ...more }), 'answer');
  } catch (error) {
    const rest = withoutComparison(error);
    if (rest === null) throw error;
    return rest;
  }
}

/** What a forge answered beside the error that a head cannot be compared: it may not know the commit. Null for any other error. */
function withoutComparison(error: unknown): Untrusted | null {
  const { errors, data } = error as { errors?: { path?: unknown }[]; data?: unknown };
  const only = Array.isArray(errors) && errors.every(({ path }) => Array.isArray(path) && path.includes('compare'));
  return only ? objectOrNull(data) : null;
}

function pullIn(answer: Untrusted, { owner, name, number }: Target): Untrusted {
  const pull = objectOrNull(objectOrNull(answer.repository)?.pullRequest);
  if (pull === null) throw new ForgeError('NotFound', `There is no pull request #${number} in ${owner}/${name}.`);
  return pull;
}

/** Whether the head contains the base's tip; null unless the comparison is about exactly this head. */
function isUpToDate(pull: Untrusted, head: string): boolean | null {
  const comparison = objectOrNull(objectOrNull(pull.baseRef)?.compare);
  if (comparison === null || objectOrNull(comparison.headTarget)?.oid !== head) return null;
  const behind = integerOrNull(comparison.behindBy);
  return behind === null ? null : behind === 0;
}

/** Asked for open pull requests alone: of the others nobody needs it. */
async function containsBase(
  target: Target,
  pull: Untrusted,
  state: PullRequestFacts['state'],
  head: string,
  expected: string | null,
): Promise<boolean | null> {
  if (state !== 'open' || objectOrNull(pull.baseRef) === null) return null;
  if (expected === head) return isUpToDate(pull, head);
  return isUpToDate(pullIn(await ask(target, COMPARE_WITH_BASE, { head }), target), head);
}
