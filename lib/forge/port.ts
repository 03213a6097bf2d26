import type { AttestationsForge } from './attestations.ts';
import type { ChecksForge } from './check-runs.ts';
import type {
  ActivityFacts,
  Actor,
  CommentFacts,
  ConversationFacts,
  DeploymentFacts,
  ForgeIssueFacts,
  IssueEditorFacts,
  IssueEventFacts,
  Permission,
  PullRequestFacts,
  PullRequestState,
  PullRequestSummary,
  RepositoryFacts,
  ReviewFacts,
  ThreadFacts,
} from './facts.ts';
import type { RulesForge } from './rules.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** A listing: unchanged since the ETag, or its items, newest update first. `complete` is false when the bound was reached. */
export type Listing<T> =
  | { readonly notModified: true }
  | {
      readonly notModified: false;
      readonly items: readonly T[];
      readonly etag: string | null;
      readonly complete: boolean;
    };

/** A read that costs nothing where the forge has nothing new: give it the `etag` of its last answer. */
export type Conditional<T> =
  | { readonly notModified: true }
  | { readonly notModified: false; readonly value: T; readonly etag: string | null };

/** How far back a listing of what happened is read; it is answered newest first. */
export interface HistoryOptions {
  /** The newest `id` that is known. */
  readonly after?: number;
  /** RFC 3339: nothing from before this moment. */
  readonly since?: string;
  readonly etag?: string;
  /** Most items to read; default 10,000. */
  readonly limit?: number;
}

export interface ActivityOptions extends HistoryOptions {
  /** Only of this ref, `refs/heads/…`; default of every one. */
  readonly ref?: string;
}

export interface ListOptions {
  /** RFC 3339: only what was updated at or after this moment. */
  readonly since?: string;
  /** The `etag` of the same listing with the same options. */
  readonly etag?: string;
  /** Default `all`. */
  readonly state?: 'open' | 'closed' | 'all';
  /** Most items to read; default 10,000. */
  readonly limit?: number;
}

export interface NewReview {
  /** The head the review was made on; a forge keeps it as the review's commit. */
  readonly commitSHA: string;
  readonly event: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT';
  readonly body: string;
  /** Line of the new side of the diff, from 1. A line outside the diff is refused with Validation. */
  readonly comments: readonly { readonly path: string; readonly line: number; readonly body: string }[];
}

export interface MergeRequest {
  /** Merged only while the head is this commit. */
  readonly sha: string;
  readonly method: 'merge' | 'squash' | 'rebase';
  readonly title: string;
  readonly message: string;
  /** Awaited when nothing but the sending is left to be waited for; what it throws is thrown, and nothing is sent. */
  readonly still?: () => Promise<void>;
}

/** `HeadMoved` the head is not `sha` · `NotMergeable` conflict, closed, draft, or the base moved meanwhile · `Refused` a rule, a setting or the permission forbids it. */
export type MergeResult =
  | { readonly merged: true; readonly sha: string }
  | { readonly merged: false; readonly code: 'HeadMoved' | 'NotMergeable' | 'Refused'; readonly message: string };

export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** RFC 3339. */
  readonly resetAt: string;
}

/**
 * One identity at one forge.
 *
 * Every method rejects with ForgeError only. Any method may answer Unauthorized, Forbidden, RateLimited, Unavailable,
 * Timeout, NotImplemented or Malformed; further codes are named where they apply. Reads are retried a few times and follow
 * the redirect of a renamed repository. **Writes are sent once**: their error says in `outcome` whether the forge may have
 * acted, and the caller looks with the matching `find…` before it repeats. `find…` methods see only what this identity
 * wrote, since anyone can copy a marker, and reject with Unavailable rather than answer null when a listing was too long to
 * read to its end. Texts are bounded and free of NUL and lone surrogates; they stay untrusted.
 */
export interface Forge extends RulesForge, ChecksForge, AttestationsForge {
  /** `scheme://host[:port]` this identity's credential belongs to. */
  readonly origin: string;

  /** The account behind the credential; read once, then remembered. */
  whoami(): Promise<Actor>;
  /** NotFound. A renamed repository answers with its new name. */
  repository(repo: RepositoryName): Promise<RepositoryFacts>;
  /** NotFound. */
  repositoryById(id: number): Promise<RepositoryFacts>;
  /** What {@link repositoryById} answers, without the tip (null), and only where it is another than before. NotFound. */
  repositoryIfChanged(id: number, etag?: string): Promise<Conditional<RepositoryFacts>>;
  /** Tip of a branch where it is another than before, null where there is no such branch. */
  branchIfChanged(repo: RepositoryName, branch: string, etag?: string): Promise<Conditional<string | null>>;
  /** Refs that moved, newest first, with who moved them. NotFound: the repository. */
  listActivity(repo: RepositoryName, options?: ActivityOptions): Promise<Listing<ActivityFacts>>;
  /** Tip of a branch, null where there is no such branch. NotFound: the repository. */
  branchSHA(repo: RepositoryName, branch: string): Promise<string | null>;
  /** A file's text at a commit; null where the commit has no such file. NotFound: repository or commit. Malformed: over 1 MiB. */
  fileAt(repo: RepositoryName, sha: string, path: string): Promise<string | null>;
  /**
   * The newest deployments of an environment made since `since`, newest first, down to one that succeeded (by `reporter`, where one is
   * named), at most twenty; each with the newest state that each account told of it. The name in any case, as long as it is spelled as the
   * forge has it or one of the newest hundred of the repository is. NotFound.
   */
  deployments(
    repo: RepositoryName,
    environment: string,
    options?: { readonly since?: Date; readonly reporter?: string | undefined },
  ): Promise<readonly DeploymentFacts[]>;
  /** Whether `commit` is `revision` or an ancestor of it. NotFound: the repository, or a commit that it does not have. */
  contains(repo: RepositoryName, revision: string, commit: string): Promise<boolean>;
  /**
   * What an account may do; `none` for one the forge does not know, and, where `id` is given, for a login that is another account's by now.
   * NotFound: the repository.
   */
  permission(repo: RepositoryName, login: string, id?: number): Promise<Permission>;

  /** NotFound, also for a pull request's number or a deleted issue. */
  issue(repo: RepositoryName, number: number): Promise<ForgeIssueFacts>;
  /** Issues without pull requests. NotFound: the repository. */
  listIssues(repo: RepositoryName, options?: ListOptions): Promise<Listing<ForgeIssueFacts>>;
  /** What was done to issues and pull requests, newest first. NotFound: the repository. */
  listIssueEvents(repo: RepositoryName, options?: HistoryOptions): Promise<Listing<IssueEventFacts>>;
  /** Comments under issues and pull requests, the newest update first. NotFound: the repository. */
  listComments(
    repo: RepositoryName,
    options?: Pick<ListOptions, 'since' | 'etag' | 'limit'>,
  ): Promise<Listing<ConversationFacts>>;
  /** Who wrote the text that these issues have now; one query for up to 100. NotFound where one of them is gone. */
  issueEditors(repo: RepositoryName, numbers: readonly number[]): Promise<Map<number, IssueEditorFacts>>;
  /** Write. Validation, NotFound. Not idempotent: carry a marker in the body. */
  createIssue(
    repo: RepositoryName,
    issue: { readonly title: string; readonly body: string; readonly labels?: readonly string[] },
  ): Promise<ForgeIssueFacts>;
  /** An issue of this identity whose body contains `marker`, among those updated since `since` (RFC 3339). */
  findIssueByMarker(repo: RepositoryName, marker: string, since: string): Promise<ForgeIssueFacts | null>;
  /** Write; twice is harmless. NotFound. `reason` defaults to completed. */
  closeIssue(repo: RepositoryName, number: number, reason?: 'completed' | 'not_planned'): Promise<ForgeIssueFacts>;
  /** Write; twice is harmless. NotFound. */
  reopenIssue(repo: RepositoryName, number: number): Promise<ForgeIssueFacts>;
  /** Write, on an issue or pull request. NotFound, Validation. Not idempotent: carry a marker. */
  comment(repo: RepositoryName, number: number, body: string): Promise<CommentFacts>;
  /** A comment of this identity that contains `marker`; `since` (RFC 3339) bounds the search. */
  findCommentByMarker(
    repo: RepositoryName,
    number: number,
    marker: string,
    since?: string,
  ): Promise<CommentFacts | null>;

  /** Write. Conflict: one exists for this head and base. Validation: no commits between, unknown ref. */
  createPullRequest(
    repo: RepositoryName,
    pullRequest: {
      readonly head: string;
      readonly base: string;
      readonly title: string;
      readonly body: string;
      readonly draft?: boolean;
    },
  ): Promise<PullRequestSummary>;
  /** The pull request of a branch of this repository: an open one first, else the newest. */
  findPullRequestByHead(repo: RepositoryName, headRef: string): Promise<PullRequestSummary | null>;
  /** Write; twice is harmless. NotFound, Validation. */
  updatePullRequest(
    repo: RepositoryName,
    number: number,
    change: { readonly title?: string; readonly body?: string; readonly state?: 'open' | 'closed' },
  ): Promise<PullRequestSummary>;
  /**
   * Everything the merge gate asks, live: one GraphQL query, further ones only for lists longer than a page. A head that moves
   * while pages are read makes the later lists incomplete. `expectedHead` is the SHA the caller believes in: it saves the second
   * query that `containsBase` otherwise needs. NotFound.
   */
  pullRequest(repo: RepositoryName, number: number, expectedHead?: string): Promise<PullRequestFacts>;
  /**
   * How each of these pull requests stands: one query for up to 50, to see which of them are worth reading whole. NotFound where one of
   * them is gone.
   */
  pullRequestStates(repo: RepositoryName, numbers: readonly number[]): Promise<Map<number, PullRequestState>>;
  listPullRequests(repo: RepositoryName, options?: ListOptions): Promise<Listing<PullRequestSummary>>;

  /** Write. Validation: a comment's line is not in the diff, or an author approves their own. Carry a marker in the body. */
  createReview(repo: RepositoryName, number: number, review: NewReview): Promise<ReviewFacts>;
  findReviewByMarker(repo: RepositoryName, number: number, marker: string): Promise<ReviewFacts | null>;
  /** NotFound. */
  thread(threadId: string): Promise<ThreadFacts>;
  /** Write; twice is harmless. NotFound, Forbidden. */
  resolveThread(threadId: string): Promise<void>;
  /** Write; twice is harmless. NotFound, Forbidden. */
  reopenThread(threadId: string): Promise<void>;
  /** Write. NotFound. Carry a marker. Answers the comment's opaque id and URL. */
  replyToThread(threadId: string, body: string): Promise<{ readonly id: string; readonly url: string }>;
  findThreadReplyByMarker(
    threadId: string,
    marker: string,
  ): Promise<{ readonly id: string; readonly url: string } | null>;

  /** Write. A refusal is a result, not an error; NotFound, and `outcome: 'unknown'` as for every write. */
  merge(repo: RepositoryName, number: number, request: MergeRequest): Promise<MergeResult>;

  /**
   * Write; twice is harmless: the hook with this URL is created, or its events and secret are set. NotFound, Validation.
   * Needs administration of the repository.
   */
  ensureWebhook(
    repo: RepositoryName,
    hook: { readonly url: string; readonly secret: string; readonly events: readonly string[] },
  ): Promise<{ readonly id: number; readonly created: boolean }>;
  /** Does not count against the limit. */
  rateLimit(): Promise<{ readonly rest: RateLimit; readonly graphql: RateLimit }>;

  /** The header that opens smart HTTP at `origin`'s git host. Never log it. */
  gitAuthorization(): Promise<{ readonly headerName: string; readonly headerValue: string }>;
  /** The smart-HTTP URL of a repository, without credential. Throws Validation for a name that is none. */
  cloneURL(repo: RepositoryName): string;
}
