import type {
  Actor,
  CheckFacts,
  CommentFacts,
  ConversationFacts,
  ForgeIssueFacts,
  PullRequestSummary,
  RepositoryFacts,
  ReviewFacts,
} from './facts.ts';
import {
  choice,
  choiceOrNull,
  commitSHA,
  commitSHAOrNull,
  integer,
  integerOrNull,
  issueNumber,
  line,
  lineOrNull,
  login,
  moment,
  object,
  objectOrNull,
  objects,
  prose,
  requiredMoment,
  type Untrusted,
} from './read.ts';
import { conclusionOf, GHOST, statusCheck } from './vocabulary.ts';

/** Readers of the shapes that REST answers and webhook payloads share. Each throws ForgeError Malformed where an essential part is missing. */
export function actorOf(value: unknown): Actor {
  const user = objectOrNull(value);
  if (user === null) return GHOST;
  return {
    id: integer(user.id, 'account id'),
    login: login(user.login),
    kind: user.type === 'Bot' ? 'bot' : 'user',
  };
}

export function repositoryOf(value: unknown, defaultBranchSHA: string | null = null): RepositoryFacts {
  const repo = object(value, 'repository');
  const push = objectOrNull(repo.permissions)?.push;
  return {
    id: integer(repo.id, 'repository id'),
    ...namesOf(repo),
    defaultBranch: lineOrNull(repo.default_branch) ?? 'main',
    defaultBranchSHA,
    archived: repo.archived === true,
    private: repo.private === true,
    url: lineOrNull(repo.html_url, 2048) ?? '',
    ...(typeof push === 'boolean' && { mayPush: push }),
  };
}

export function namesOf(repo: Untrusted): { owner: string; name: string } {
  const owner = objectOrNull(repo.owner);
  return { owner: line(owner?.login ?? owner?.name, 'repository owner'), name: line(repo.name, 'repository name') };
}

export function labelsOf(value: unknown): string[] {
  const names = Array.isArray(value)
    ? value.map((label) => (typeof label === 'string' ? label : objectOrNull(label)?.name))
    : [];
  return names.slice(0, 1000).flatMap((name) => lineOrNull(name) ?? []);
}

export function issueOf(value: unknown): ForgeIssueFacts {
  const issue = object(value, 'issue');
  return {
    number: issueNumber(issue.number, 'issue number'),
    url: lineOrNull(issue.html_url, 2048) ?? '',
    state: choiceOrNull(issue.state, ['open', 'closed']) ?? 'open',
    title: prose(issue.title, 1024),
    body: prose(issue.body),
    author: actorOf(issue.user),
    labels: labelsOf(issue.labels),
    updatedAt: requiredMoment(issue.updated_at, 'issue update time'),
  };
}

export function isPullRequest(issue: Untrusted): boolean {
  return objectOrNull(issue.pull_request) !== null;
}

export function pullRequestOf(value: unknown): PullRequestSummary {
  const pull = object(value, 'pull request');
  const head = object(pull.head, 'pull request head');
  const base = object(pull.base, 'pull request base');
  const mergedAt = moment(pull.merged_at);
  const state = choice(pull.state, ['open', 'closed'], 'pull request state');
  return {
    number: issueNumber(pull.number, 'pull request number'),
    url: lineOrNull(pull.html_url, 2048) ?? '',
    state: mergedAt === null ? state : 'merged',
    draft: pull.draft === true,
    title: prose(pull.title, 1024),
    body: prose(pull.body),
    author: actorOf(pull.user),
    head: {
      sha: commitSHA(head.sha, 'head commit'),
      ref: line(head.ref, 'head branch'),
      repositoryId: integerOrNull(objectOrNull(head.repo)?.id),
    },
    base: {
      sha: commitSHA(base.sha, 'base commit'),
      ref: line(base.ref, 'base branch'),
      repositoryId: integer(object(base.repo, 'base repository').id, 'base repository id'),
    },
    mergeSHA: mergedAt === null ? null : commitSHAOrNull(pull.merge_commit_sha),
    mergedAt,
    labels: labelsOf(pull.labels),
    updatedAt: requiredMoment(pull.updated_at, 'pull request update time'),
  };
}

export function commentOf(value: unknown): CommentFacts {
  const comment = object(value, 'comment');
  const createdAt = requiredMoment(comment.created_at, 'comment time');
  return {
    id: integer(comment.id, 'comment id'),
    url: lineOrNull(comment.html_url, 2048) ?? '',
    author: actorOf(comment.user),
    body: prose(comment.body),
    createdAt,
    updatedAt: moment(comment.updated_at) ?? createdAt,
  };
}

/** Its own address says what it stands under: only that of its page tells a pull request from an issue. */
export function conversationOf(value: Untrusted): ConversationFacts {
  const comment = commentOf(value);
  const number = Number(/\/issues\/(\d+)$/.exec(String(value.issue_url))?.[1]);
  return {
    ...comment,
    number: issueNumber(number, 'issue of the comment'),
    onPullRequest: /\/pull\/\d+#/.test(comment.url),
  };
}

export function reviewOf(value: unknown): ReviewFacts {
  const review = object(value, 'review');
  return {
    id: integer(review.id, 'review id'),
    author: actorOf(review.user),
    state: choice(review.state, ['approved', 'changes_requested', 'commented', 'dismissed', 'pending'], 'review state'),
    commitSHA: commitSHAOrNull(review.commit_id),
    submittedAt: moment(review.submitted_at) ?? '',
    body: prose(review.body),
  };
}

export function checkRunOf(value: unknown): CheckFacts {
  const run = object(value, 'check run');
  const app = objectOrNull(run.app) ?? objectOrNull(objectOrNull(run.check_suite)?.app);
  const completed = run.status === 'completed';
  const output = objectOrNull(run.output);
  return {
    id: integer(run.id, 'check run id'),
    name: line(run.name, 'check run name'),
    // Some senders leave the slug out: null is then the safe reading, since no required check accepts it.
    app: lineOrNull(app?.slug),
    headSHA: commitSHA(run.head_sha, "check run's commit"),
    branch: lineOrNull(objectOrNull(run.check_suite)?.head_branch),
    status: completed ? 'completed' : (choiceOrNull(run.status, ['in_progress']) ?? 'queued'),
    conclusion: completed ? conclusionOf(run.conclusion) : null,
    startedAt: moment(run.started_at) ?? '',
    completedAt: moment(run.completed_at),
    summary: prose(output?.summary ?? output?.title, 65_536),
    url: lineOrNull(run.html_url ?? run.details_url, 2048),
  };
}

export function statusOf(value: unknown): CheckFacts {
  const status = object(value, 'commit status');
  return statusCheck({
    sha: commitSHA(status.sha, "status's commit"),
    context: line(status.context, 'status context'),
    state: choice(status.state, ['success', 'failure', 'error', 'pending', 'expected'], 'status state'),
    at: moment(status.updated_at) ?? moment(status.created_at) ?? '',
    description: prose(status.description, 1024),
    url: lineOrNull(status.target_url, 2048),
  });
}

export function pullNumbersOf(value: unknown): number[] {
  return objects(value, 100).flatMap((pull) => integerOrNull(pull.number) ?? []);
}
