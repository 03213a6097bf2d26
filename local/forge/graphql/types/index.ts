import type { Fields } from '../nodes.ts';
import { App, actors } from './actors.ts';
import { CheckRun, CheckSuite, StatusCheckRollup, StatusContext } from './check.ts';
import { Commit, GitActor } from './commit.ts';
import { Deployment, DeploymentStatus } from './deployment.ts';
import { Issue, IssueComment, Label } from './issue.ts';
import { Mutation } from './mutation.ts';
import { PullRequest, PullRequestCommit, ReviewRequest } from './pull.ts';
import { Query } from './query.ts';
import { Comparison, Ref, Repository } from './repository.ts';
import { PullRequestReview, PullRequestReviewComment, PullRequestReviewThread } from './review.ts';

const plain = (...names: string[]): Fields<Record<string, unknown>> =>
  Object.fromEntries(names.map((name) => [name, (node: Record<string, unknown>) => node[name]]));

/** Every type of GitHub's schema that is served, with exactly the fields that are. Connections and edges are served whole. */
export const types: Readonly<Record<string, Fields<never>>> = {
  Query,
  Mutation,
  ...actors,
  App,
  CheckRun,
  CheckSuite,
  Commit,
  Comparison,
  Deployment,
  DeploymentStatus,
  GitActor,
  Issue,
  IssueComment,
  Label,
  PullRequest,
  PullRequestCommit,
  PullRequestReview,
  PullRequestReviewComment,
  PullRequestReviewThread,
  Ref,
  Repository,
  ReviewRequest,
  StatusCheckRollup,
  StatusContext,
  PageInfo: plain('hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'),
  RateLimit: plain('limit', 'used', 'remaining', 'resetAt', 'cost', 'nodeCount'),
  ResolveReviewThreadPayload: plain('clientMutationId', 'thread'),
  UnresolveReviewThreadPayload: plain('clientMutationId', 'thread'),
  AddPullRequestReviewThreadReplyPayload: plain('clientMutationId', 'comment'),
  ConvertPullRequestToDraftPayload: plain('clientMutationId', 'pullRequest'),
  MarkPullRequestReadyForReviewPayload: plain('clientMutationId', 'pullRequest'),
};
