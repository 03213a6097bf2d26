import type {
  Actor,
  CheckConclusion,
  CheckFacts,
  CommentFacts,
  DeploymentFacts,
  ForgeIssueFacts,
  PullRequestSummary,
  RepositoryFacts,
  ReviewFacts,
} from './facts.ts';

interface UpdateOf<K extends string> {
  readonly kind: K;
  /** The delivery's `X-GitHub-Event` and `action`; null where the event has none. */
  readonly event: string;
  readonly action: string | null;
  /** The repository as named at that moment; `id` is what stays. */
  readonly repositoryId: number;
  readonly owner: string;
  readonly repository: string;
  /** Who caused the delivery. */
  readonly actor: Actor | null;
  /** The App's installation that sends the delivery; null for a repository's own webhook. */
  readonly installationId: number | null;
  /**
   * RFC 3339, UTC, as the forge dates the fact; null where the payload does not. An older fact never overwrites a newer one.
   */
  readonly updatedAt: string | null;
}

/** A label that this very delivery put on or took off. */
export interface LabelChange {
  readonly name: string;
  readonly change: 'added' | 'removed';
}

export interface RepositoryUpdate extends UpdateOf<'repository'> {
  readonly facts: RepositoryFacts;
  readonly deleted: boolean;
  /** The name before a rename or transfer, as far as told. */
  readonly previous: { readonly owner: string | null; readonly name: string | null } | null;
}

export type TextPart = 'title' | 'body';

export interface IssueUpdate extends UpdateOf<'issue'> {
  readonly number: number;
  readonly facts: ForgeIssueFacts;
  /** The number no longer exists in this repository. */
  readonly gone: 'deleted' | 'transferred' | null;
  readonly label: LabelChange | null;
  /** What of the text this very delivery says was edited: who sends it stands for that alone. */
  readonly edited: readonly TextPart[];
  /** This very delivery says that somebody opened it again. */
  readonly reopened: boolean;
}

export interface PullRequestUpdate extends UpdateOf<'pull-request'> {
  readonly number: number;
  /** Head SHA. */
  readonly sha: string;
  readonly facts: PullRequestSummary;
  readonly label: LabelChange | null;
}

/** One check run or commit status of a commit. */
export interface CheckUpdate extends UpdateOf<'check'> {
  readonly sha: string;
  readonly facts: CheckFacts;
  /** Numbers of open pull requests with this head, as far as told: empty does not mean none. */
  readonly pullRequests: readonly number[];
}

export interface CheckSuiteUpdate extends UpdateOf<'check-suite'> {
  readonly sha: string;
  readonly id: number;
  readonly app: string | null;
  readonly status: CheckFacts['status'];
  readonly conclusion: CheckConclusion | null;
  readonly pullRequests: readonly number[];
}

export interface ReviewUpdate extends UpdateOf<'review'> {
  readonly number: number;
  /** The commit the review was given on. */
  readonly sha: string | null;
  readonly facts: ReviewFacts;
}

/** A thread was resolved or reopened. */
export interface ThreadUpdate extends UpdateOf<'thread'> {
  readonly number: number;
  readonly threadId: string;
  readonly resolved: boolean;
  readonly path: string | null;
  readonly line: number | null;
  /** The author of its first comment. */
  readonly author: Actor | null;
}

/** A comment on a line. The payload does not name its thread: the first comment's id (`inReplyTo`, else its own) does. */
export interface ReviewCommentUpdate extends UpdateOf<'review-comment'> {
  readonly number: number;
  /** The commit the comment was made on. */
  readonly sha: string | null;
  readonly facts: CommentFacts;
  readonly reviewId: number | null;
  readonly inReplyTo: number | null;
  readonly path: string;
  readonly line: number | null;
  readonly deleted: boolean;
}

export interface CommentUpdate extends UpdateOf<'comment'> {
  readonly number: number;
  readonly onPullRequest: boolean;
  readonly facts: CommentFacts;
}

export interface PushUpdate extends UpdateOf<'push'> {
  /** Full name: `refs/heads/…` or `refs/tags/…`. */
  readonly ref: string;
  /** Null where the push created the ref. */
  readonly before: string | null;
  /** Null where the push deleted the ref. */
  readonly sha: string | null;
  readonly forced: boolean;
  readonly defaultBranch: string | null;
  /** Names of the files in the root folder that its commits added, changed or took away; null where that is not told. */
  readonly topFiles: readonly string[] | null;
}

/** The forge greets a new webhook. */
export interface PingUpdate extends UpdateOf<'ping'> {
  readonly hookId: number | null;
  readonly events: readonly string[];
}

/** The webhook was taken away. */
export interface HookGoneUpdate extends UpdateOf<'hook-gone'> {
  readonly hookId: number | null;
}

/** Rulesets or branch protection changed; which, only the forge itself says. */
export interface RulesUpdate extends UpdateOf<'rules'> {}

/** The permission of an account changed; null where it may be anybody's. */
export interface PermissionUpdate extends UpdateOf<'permission'> {
  readonly account: Actor | null;
}

/** What became of a commit at an address, as whoever deploys reports it. */
export interface DeploymentUpdate extends UpdateOf<'deployment'> {
  readonly sha: string;
  readonly facts: DeploymentFacts;
}

/** What one delivery says, as updates of the mirror. */
export type FactUpdate =
  | RepositoryUpdate
  | IssueUpdate
  | PullRequestUpdate
  | CheckUpdate
  | CheckSuiteUpdate
  | ReviewUpdate
  | ThreadUpdate
  | ReviewCommentUpdate
  | CommentUpdate
  | PushUpdate
  | PingUpdate
  | HookGoneUpdate
  | RulesUpdate
  | PermissionUpdate
  | DeploymentUpdate;

/** What an App's installation may reach has changed. It names no single repository: who may believe it is the caller's to say. */
export interface InstallationUpdate {
  readonly installationId: number;
  readonly account: string | null;
  readonly access: 'granted' | 'suspended' | 'removed';
  /** Ids of the repositories it is about; null: all that the installation reaches. */
  readonly repositories: readonly number[] | null;
  /** RFC 3339, UTC; null where the payload does not say. */
  readonly updatedAt: string | null;
}

/** The updates of a delivery, or what it says of an installation, or one sentence why nothing follows. Exactly one of the three is there. */
export interface ParsedDelivery {
  readonly updates: readonly FactUpdate[];
  readonly installation: InstallationUpdate | null;
  readonly ignored: string | null;
}
