import type { Effect } from './deliveries.ts';
import { common, labelChange } from './payload.ts';
import { issueNumber, object, objectOrNull, type Untrusted } from './read.ts';
import { commentOf, isPullRequest, issueOf, pullRequestOf } from './rest.ts';
import type { CommentUpdate, IssueUpdate, PullRequestUpdate, TextPart } from './updates.ts';

/** What people and programs say to each other. A pull request comes also beside its reviews, comments and threads. */
export function pullRequestUpdate(event: string, payload: Untrusted): PullRequestUpdate {
  const facts = pullRequestOf(payload.pull_request);
  return {
    ...common(event, payload),
    kind: 'pull-request',
    number: facts.number,
    sha: facts.head.sha,
    updatedAt: facts.updatedAt,
    facts,
    label: event === 'pull_request' ? labelChange(payload) : null,
  };
}

/** Null for a pull request, which GitHub numbers alike and whose conversation it sends as an issue's. */
export function issueUpdate(event: string, payload: Untrusted, effect: Effect): IssueUpdate | null {
  if (isPullRequest(object(payload.issue, 'issue'))) return null;
  const facts = issueOf(payload.issue);
  return {
    ...common(event, payload),
    kind: 'issue',
    number: facts.number,
    updatedAt: facts.updatedAt,
    facts,
    gone: effect === 'issue-gone' ? (payload.action === 'transferred' ? 'transferred' : 'deleted') : null,
    label: effect === 'issue-label' ? labelChange(payload) : null,
    edited: effect === 'issue-text' ? changedParts(payload) : [],
    reopened: effect === 'issue-reopened',
  };
}

/** The forge names what was changed, with what it was before. */
function changedParts(payload: Untrusted): TextPart[] {
  const changes = objectOrNull(payload.changes);
  return (['title', 'body'] as const).filter((part) => objectOrNull(changes?.[part]) !== null);
}

export function commentUpdate(event: string, payload: Untrusted): CommentUpdate {
  const issue = object(payload.issue, 'issue');
  const facts = commentOf(payload.comment);
  return {
    ...common(event, payload),
    kind: 'comment',
    number: issueNumber(issue.number, 'issue number'),
    onPullRequest: isPullRequest(issue),
    updatedAt: facts.updatedAt,
    facts,
  };
}
