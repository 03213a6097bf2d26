import { common } from './payload.ts';
import {
  choiceOrNull,
  commitSHA,
  commitSHAOrNull,
  integer,
  integerOrNull,
  issueNumber,
  line,
  lineOrNull,
  moment,
  object,
  objectOrNull,
  objects,
  type Untrusted,
} from './read.ts';
import { actorOf, checkRunOf, commentOf, pullNumbersOf, reviewOf, statusOf } from './rest.ts';
import type { CheckSuiteUpdate, CheckUpdate, ReviewCommentUpdate, ReviewUpdate, ThreadUpdate } from './updates.ts';
import { conclusionOf } from './vocabulary.ts';

function pullNumber(payload: Untrusted): number {
  return issueNumber(object(payload.pull_request, 'pull request').number, 'pull request number');
}

export function reviewUpdate(event: string, payload: Untrusted): ReviewUpdate {
  const facts = reviewOf(payload.review);
  const changed =
    moment(objectOrNull(payload.review)?.updated_at) ?? moment(objectOrNull(payload.pull_request)?.updated_at);
  return {
    ...common(event, payload),
    kind: 'review',
    number: pullNumber(payload),
    sha: facts.commitSHA,
    // A dismissal keeps the moment of submission, and must not look as old as what it takes back.
    updatedAt: changed ?? (facts.submittedAt || null),
    facts,
  };
}

export function threadUpdate(event: string, payload: Untrusted): ThreadUpdate {
  const thread = object(payload.thread, 'thread');
  const first = objects(thread.comments, 1)[0];
  return {
    ...common(event, payload),
    kind: 'thread',
    number: pullNumber(payload),
    threadId: line(thread.node_id, 'thread id', 256),
    resolved: payload.action === 'resolved',
    updatedAt: moment(payload.updated_at) ?? moment(objectOrNull(payload.pull_request)?.updated_at),
    path: lineOrNull(first?.path, 4096),
    line: integerOrNull(first?.line),
    author: first === undefined ? null : actorOf(first.user),
  };
}

export function reviewCommentUpdate(event: string, payload: Untrusted): ReviewCommentUpdate {
  const comment = object(payload.comment, 'review comment');
  const facts = commentOf(comment);
  return {
    ...common(event, payload),
    kind: 'review-comment',
    number: pullNumber(payload),
    sha: commitSHAOrNull(comment.commit_id),
    updatedAt: facts.updatedAt,
    facts,
    reviewId: integerOrNull(comment.pull_request_review_id),
    inReplyTo: integerOrNull(comment.in_reply_to_id),
    path: line(comment.path, "comment's path", 4096),
    line: integerOrNull(comment.line),
    deleted: payload.action === 'deleted',
  };
}

/** One check of a commit: a run of an App, or a status that any writer can set. */
export function checkUpdate(event: string, payload: Untrusted): CheckUpdate {
  return event === 'status' ? statusUpdate(event, payload) : checkRunUpdate(event, payload);
}

function checkRunUpdate(event: string, payload: Untrusted): CheckUpdate {
  const facts = checkRunOf(payload.check_run);
  return {
    ...common(event, payload),
    kind: 'check',
    sha: facts.headSHA,
    updatedAt: facts.completedAt ?? (facts.startedAt || null),
    facts,
    pullRequests: pullNumbersOf(objectOrNull(payload.check_run)?.pull_requests),
  };
}

export function checkSuiteUpdate(event: string, payload: Untrusted): CheckSuiteUpdate {
  const suite = object(payload.check_suite, 'check suite');
  const completed = suite.status === 'completed';
  return {
    ...common(event, payload),
    kind: 'check-suite',
    sha: commitSHA(suite.head_sha, "check suite's commit"),
    updatedAt: moment(suite.updated_at),
    id: integer(suite.id, 'check suite id'),
    app: lineOrNull(objectOrNull(suite.app)?.slug),
    status: completed ? 'completed' : (choiceOrNull(suite.status, ['in_progress']) ?? 'queued'),
    conclusion: completed ? conclusionOf(suite.conclusion) : null,
    pullRequests: pullNumbersOf(suite.pull_requests),
  };
}

function statusUpdate(event: string, payload: Untrusted): CheckUpdate {
  const facts = statusOf(payload);
  return {
    ...common(event, payload),
    kind: 'check',
    sha: facts.headSHA,
    updatedAt: facts.startedAt || null,
    facts,
    pullRequests: [],
  };
}
