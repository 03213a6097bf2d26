import type {
  Actor,
  CheckFacts,
  CommitFacts,
  PullRequestFacts,
  ReviewFacts,
  ThreadComment,
  ThreadFacts,
} from './facts.ts';
import {
  choice,
  choiceOrNull,
  commitSHA,
  commitSHAOrNull,
  integer,
  integerOrNull,
  isObject,
  line,
  lineOrNull,
  moment,
  object,
  objectOrNull,
  objects,
  prose,
  requiredMoment,
  type Untrusted,
} from './read.ts';
import { conclusionOf, GHOST, statusCheck } from './vocabulary.ts';

/** Readers of what the documents of queries.ts ask for. Each throws ForgeError Malformed where an essential part is missing. */

/** The lists of a pull request are read page by page; this is the rest. */
export type PullRequestCore = Omit<
  PullRequestFacts,
  'labels' | 'closingIssues' | 'commits' | 'checks' | 'reviews' | 'threads' | 'complete' | 'containsBase'
>;

/** A page of a list. `whole` is false where the forge kept something back: a null node, or no list at all. */
export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
  readonly whole: boolean;
}

/** Null is a deleted account. GraphQL names bots without the `[bot]` that REST and webhooks put behind. */
export function actorOf(value: unknown): Actor {
  const actor = objectOrNull(value);
  if (actor === null) return GHOST;
  const login = line(actor.login, 'login');
  const bot = actor.__typename === 'Bot';
  return {
    id: integer(actor.databaseId, 'account id'),
    login: bot && !login.endsWith('[bot]') ? `${login}[bot]` : login,
    kind: bot ? 'bot' : 'user',
  };
}

function actorOrNull(value: unknown): Actor | null {
  return isObject(value) ? actorOf(value) : null;
}

export function pullRequestCore(pull: Untrusted, repositoryId: unknown): PullRequestCore {
  const base = objectOrNull(objectOrNull(pull.baseRef)?.target);
  const mergedAt = moment(pull.mergedAt);
  return {
    number: integer(pull.number, 'pull request number'),
    url: lineOrNull(pull.url, 2048) ?? '',
    state: choice(pull.state, ['open', 'closed', 'merged'], 'pull request state'),
    // Fail closed: only a plain "no" is no draft.
    draft: pull.isDraft !== false,
    title: prose(pull.title, 1024),
    body: prose(pull.body),
    author: actorOf(pull.author),
    head: {
      sha: commitSHA(pull.headRefOid, 'head commit'),
      ref: line(pull.headRefName, 'head branch'),
      repositoryId: integerOrNull(objectOrNull(pull.headRepository)?.databaseId),
    },
    base: {
      ref: line(pull.baseRefName, 'base branch'),
      sha: commitSHAOrNull(base?.oid) ?? commitSHA(pull.baseRefOid, 'base commit'),
      repositoryId: integer(repositoryId, 'repository id'),
    },
    mergeable: choiceOrNull(pull.mergeable, ['mergeable', 'conflicting']) ?? 'unknown',
    mergeQueue: mergeQueueOf(pull),
    mergeSHA: commitSHAOrNull(objectOrNull(pull.mergeCommit)?.oid),
    mergedAt,
    mergedBy: mergedAt === null ? null : actorOrNull(pull.mergedBy),
    updatedAt: requiredMoment(pull.updatedAt, 'pull request update time'),
  };
}

function mergeQueueOf(pull: Untrusted): PullRequestFacts['mergeQueue'] {
  if (pull.isInMergeQueue === true) return 'entered';
  if (pull.isMergeQueueEnabled === true) return 'required';
  return pull.isInMergeQueue === false && pull.isMergeQueueEnabled === false ? 'none' : 'unknown';
}

/** Reads one page. No connection at all is not an empty one. */
function page<T>(value: unknown, parse: (node: Untrusted) => T): Page<T> {
  const connection = objectOrNull(value);
  if (connection === null) return { items: [], next: null, whole: false };
  const nodes = objects(connection.nodes, 100);
  const info = objectOrNull(connection.pageInfo);
  const cursor = lineOrNull(info?.endCursor, 512);
  const whole =
    Array.isArray(connection.nodes) &&
    nodes.length === connection.nodes.length &&
    (info?.hasNextPage === false || (info?.hasNextPage === true && cursor !== null));
  return { items: nodes.map(parse), next: info?.hasNextPage === true ? cursor : null, whole };
}

export function labelsPage(pull: Untrusted): Page<string> {
  return page(pull.labels, (label) => line(label.name, 'label'));
}

export function closingIssuesPage(pull: Untrusted): Page<{ number: number; repositoryId: number }> {
  return page(pull.closingIssuesReferences, (issue) => ({
    number: integer(issue.number, 'issue number'),
    repositoryId: integer(objectOrNull(issue.repository)?.databaseId, 'repository id'),
  }));
}

export function reviewsPage(pull: Untrusted): Page<ReviewFacts> {
  return page(pull.reviews, (review) => ({
    id: integer(review.fullDatabaseId, 'review id'),
    author: actorOf(review.author),
    state: choice(review.state, ['approved', 'changes_requested', 'commented', 'dismissed', 'pending'], 'review state'),
    commitSHA: commitSHAOrNull(objectOrNull(review.commit)?.oid),
    submittedAt: moment(review.submittedAt) ?? moment(review.createdAt) ?? '',
    body: prose(review.body),
  }));
}

export function commitsPage(pull: Untrusted): Page<CommitFacts> {
  let authorsWhole = true;
  const read = page(pull.commits, (node) => {
    const commit = object(node.commit, 'commit');
    const authors = page(commit.authors, authorOf);
    authorsWhole &&= authors.whole && authors.next === null;
    return {
      sha: commitSHA(commit.oid, 'commit'),
      message: prose(commit.message, 65_536),
      authors: [...authors.items, authorOf(objectOrNull(commit.committer) ?? {})].filter((author) => author !== null),
    };
  });
  return { ...read, whole: read.whole && authorsWhole };
}

/**
 * GitHub attributes no commit to a bot here, although its address names the account. The address is the committer's claim; taking
 * it can only add an author, and an author is one who may not approve.
 */
function authorOf(author: Untrusted): Actor | null {
  if (isObject(author.user)) return actorOf(author.user);
  const named = /^(\d{1,15})\+([A-Za-z0-9-]{1,100}\[bot\])@users\.noreply\.[a-z0-9.-]+$/.exec(
    String(author.email ?? ''),
  );
  return named === null ? null : { id: Number(named[1]), login: named[2] as string, kind: 'bot' };
}

/** No rollup means that nothing ever reported on the head; a rollup of another commit says nothing of it. */
export function checksPage(pull: Untrusted, headSHA: string): Page<CheckFacts> {
  if (pull.statusCheckRollup === null) return { items: [], next: null, whole: true };
  const rollup = objectOrNull(pull.statusCheckRollup);
  const read = page(rollup?.contexts, checkOf);
  return { ...read, whole: read.whole && objectOrNull(rollup?.commit)?.oid === headSHA };
}

function checkOf(node: Untrusted): CheckFacts {
  return node.__typename === 'StatusContext' ? statusContextOf(node) : checkRunOf(node);
}

function checkRunOf(run: Untrusted): CheckFacts {
  const suite = object(run.checkSuite, 'check suite');
  const completed = run.status === 'COMPLETED';
  return {
    id: integer(run.databaseId, 'check run id'),
    name: line(run.name, 'check run name'),
    app: lineOrNull(objectOrNull(suite.app)?.slug),
    headSHA: commitSHA(objectOrNull(suite.commit)?.oid, "check run's commit"),
    branch: lineOrNull(objectOrNull(suite.branch)?.name),
    status: completed ? 'completed' : (choiceOrNull(run.status, ['in_progress']) ?? 'queued'),
    conclusion: completed ? conclusionOf(run.conclusion) : null,
    startedAt: moment(run.startedAt) ?? '',
    completedAt: moment(run.completedAt),
    summary: prose(run.summary ?? run.title, 65_536),
    url: lineOrNull(run.url ?? run.detailsUrl, 2048),
  };
}

function statusContextOf(status: Untrusted): CheckFacts {
  return statusCheck({
    sha: commitSHA(objectOrNull(status.commit)?.oid, "status's commit"),
    context: line(status.context, 'status context'),
    state: choice(status.state, ['success', 'failure', 'error', 'pending', 'expected'], 'status state'),
    at: moment(status.createdAt) ?? '',
    description: prose(status.description, 1024),
    url: lineOrNull(status.targetUrl, 2048),
  });
}

/** A thread and what is left of its comments to read. */
export interface ThreadPage {
  readonly facts: ThreadFacts;
  readonly comments: Page<CommentNode>;
}

export interface CommentNode {
  readonly id: string;
  readonly url: string;
  readonly facts: ThreadComment;
}

export function threadsPage(pull: Untrusted): Page<ThreadPage> {
  return page(pull.reviewThreads, threadOf);
}

export function threadOf(thread: Untrusted): ThreadPage {
  const comments = commentsPage(thread.comments);
  const facts: ThreadFacts = {
    id: line(thread.id, 'thread id', 256),
    // Fail closed: only a plain "yes" is resolved.
    resolved: thread.isResolved === true,
    outdated: thread.isOutdated === true,
    path: lineOrNull(thread.path, 4096) ?? '',
    line: integerOrNull(thread.line),
    resolvedBy: actorOrNull(thread.resolvedBy),
    comments: comments.items.map((comment) => comment.facts),
  };
  return { facts, comments };
}

export function commentsPage(value: unknown): Page<CommentNode> {
  return page(value, (comment) => ({
    id: line(comment.id, 'comment id', 256),
    url: lineOrNull(comment.url, 2048) ?? '',
    facts: {
      author: actorOf(comment.author),
      body: prose(comment.body, 65_536),
      createdAt: requiredMoment(comment.createdAt, 'comment time'),
    },
  }));
}
