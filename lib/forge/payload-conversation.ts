import { common, labelChange } from './payload.ts';
import { integer, object, type Untrusted } from './read.ts';
import { commentOf, isPullRequest, issueOf, pullRequestOf } from './rest.ts';
import type { CommentUpdate, FactUpdate, IssueUpdate, PullRequestUpdate } from './updates.ts';

/** issues, issue_comment, pull_request: what people and programs say to each other. */
export function parseConversation(event: string, payload: Untrusted): FactUpdate[] {
  if (event === 'pull_request') return [pullRequestUpdate(event, payload)];
  const issue = object(payload.issue, 'issue');
  // GitHub numbers both alike and sends a pull request's conversation as an issue's.
  const about = isPullRequest(issue) ? [] : [issueUpdate(event, payload)];
  return event === 'issue_comment' ? [commentUpdate(event, payload), ...about] : about;
}

/** Also for the events about reviews, which carry the pull request beside their subject. */
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

function issueUpdate(event: string, payload: Untrusted): IssueUpdate {
  const facts = issueOf(payload.issue);
  const gone = event === 'issues' && (payload.action === 'deleted' || payload.action === 'transferred');
  return {
    ...common(event, payload),
    kind: 'issue',
    number: facts.number,
    updatedAt: facts.updatedAt,
    facts,
    gone: gone ? (payload.action as 'deleted' | 'transferred') : null,
    label: event === 'issues' ? labelChange(payload) : null,
  };
}

function commentUpdate(event: string, payload: Untrusted): CommentUpdate {
  const issue = object(payload.issue, 'issue');
  const facts = commentOf(payload.comment);
  return {
    ...common(event, payload),
    kind: 'comment',
    number: integer(issue.number, 'issue number'),
    onPullRequest: isPullRequest(issue),
    updatedAt: facts.updatedAt,
    facts,
    deleted: payload.action === 'deleted',
  };
}
