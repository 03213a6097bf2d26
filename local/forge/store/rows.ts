import type { Commit } from '../git/index.ts';
import type { AppPermissions } from './app-rows.ts';
import type { DeployerConfig } from './deployment-rows.ts';

export type * from './app-rows.ts';
export type * from './deployment-rows.ts';
export type * from './fault-rows.ts';
export type * from './history-rows.ts';
export type * from './protection-rows.ts';
export type * from './repository-rows.ts';

/** What the forge remembers. Times are ISO 8601 in UTC with seconds, as GitHub writes them; `…Key` fields are lower case, for lookups. */
export type Permission = 'none' | 'read' | 'triage' | 'write' | 'maintain' | 'admin';

export interface UserRow {
  id: number;
  login: string;
  loginKey: string;
  type: 'User' | 'Bot' | 'Organization';
  name: string | null;
  email: string | null;
  createdAt: string;
}

export interface TokenRow {
  id: number;
  /** SHA-256, hex: the token itself is never stored. */
  hash: string;
  userId: number;
  appId: number | null;
  /** Only of a token that an App asked for with its key. */
  installationId?: number;
  /** In milliseconds since 1970; absent for tokens that last. */
  expiresAt?: number;
  /** What the token was narrowed to; absent for everything the installation has. */
  repoIds?: number[];
  permissions?: AppPermissions;
}

export interface AppRow {
  id: number;
  slug: string;
  name: string;
  userId: number;
  ownerId: number;
  createdAt: string;
  /** SPKI in PEM: whose private halves sign for the App. */
  publicKeys?: string[];
  /** What installations are granted unless told otherwise. */
  permissions?: AppPermissions;
}

export interface CiConfig {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly path: readonly string[];
  readonly timeoutSeconds: number;
}

export interface RepositoryRow {
  id: number;
  ownerId: number;
  ownerKey: string;
  name: string;
  nameKey: string;
  description: string | null;
  private: boolean;
  defaultBranch: string;
  nextNumber: number;
  createdAt: string;
  updatedAt: string;
  pushedAt: string;
  ci: CiConfig | null;
  /** Where its objects are, under `repositories/`; absent while that follows from the name. */
  dir?: string;
  archived?: boolean;
  /** Once it is deleted, when: the row stays so that its number is never used again. */
  deletedAt?: string;
  /** Ways to merge that are not offered; absent ones are. */
  mergeMethods?: { merge?: boolean; squash?: boolean; rebase?: boolean };
  /** Absent or null: pushes are deployed by nobody. */
  deployer?: DeployerConfig | null;
  /** Who pushes right now: read after a crash, when git has the new refs and the forge has not seen them yet. */
  pusherId: number | null;
}

export interface CollaboratorRow {
  id: number;
  repoId: number;
  userId: number;
  permission: Permission;
}

/** The last value of a branch or tag that the forge has told the world about. */
export interface RefRow {
  id: number;
  repoId: number;
  name: string;
  oid: string;
}

export interface LabelRow {
  id: number;
  repoId: number;
  name: string;
  nameKey: string;
  color: string;
  description: string | null;
}

export interface IssueRow {
  id: number;
  repoId: number;
  number: number;
  isPull: boolean;
  title: string;
  body: string | null;
  authorId: number;
  state: 'open' | 'closed';
  stateReason: 'completed' | 'not_planned' | 'duplicate' | 'reopened' | null;
  labelIds: number[];
  assigneeIds: number[];
  closedAt: string | null;
  closedById: number | null;
  createdAt: string;
  updatedAt: string;
  /** Who wrote the present body, and when; absent while it is the author's first. */
  editorId?: number;
  editedAt?: string;
}

export interface PullStats {
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
  readonly commits: number;
  readonly mergeBase: string;
}

export interface PullRow {
  id: number;
  repoId: number;
  issueId: number;
  number: number;
  headRef: string;
  headSha: string;
  baseRef: string;
  baseSha: string;
  draft: boolean;
  stats: PullStats;
  requestedReviewerIds: number[];
  mergedAt: string | null;
  mergedById: number | null;
  mergeCommitSha: string | null;
  /** The outcome of a real merge of exactly these two commits. */
  mergeability: { base: string; head: string; clean: boolean } | null;
  /** Written before the base branch moves: after a crash it tells a merge by this API from any other push. */
  mergeIntent: { sha: string; userId: number } | null;
}

export interface CommentRow {
  id: number;
  repoId: number;
  issueId: number;
  authorId: number;
  body: string;
  createdAt: string;
  updatedAt: string;
}

export interface ReviewRow {
  id: number;
  repoId: number;
  pullId: number;
  authorId: number;
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED';
  body: string;
  commitId: string;
  submittedAt: string;
}

export type Side = 'LEFT' | 'RIGHT';

export interface ThreadRow {
  id: number;
  repoId: number;
  pullId: number;
  path: string;
  side: Side;
  startSide: Side | null;
  /** Where the thread stands in the current head; null once the lines it is about have changed. */
  line: number | null;
  startLine: number | null;
  originalLine: number;
  originalStartLine: number | null;
  /** The head that `line` was last computed for. */
  commitId: string;
  originalCommitId: string;
  diffHunk: string;
  resolvedById: number | null;
}

export interface ReviewCommentRow {
  id: number;
  repoId: number;
  pullId: number;
  reviewId: number;
  threadId: number;
  authorId: number;
  body: string;
  inReplyToId: number | null;
  createdAt: string;
  updatedAt: string;
}

export type CheckStatus = 'queued' | 'in_progress' | 'completed';
export type CheckConclusion =
  | 'success'
  | 'failure'
  | 'neutral'
  | 'cancelled'
  | 'skipped'
  | 'timed_out'
  | 'action_required'
  | 'stale'
  | 'startup_failure';

export interface CheckSuiteRow {
  id: number;
  repoId: number;
  appId: number;
  headSha: string;
  headBranch: string | null;
  /** As git has it; it never changes, and events need it inside a transaction. */
  headCommit: Commit;
  status: CheckStatus;
  conclusion: CheckConclusion | null;
  createdAt: string;
  updatedAt: string;
}

export interface CheckRunRow {
  id: number;
  repoId: number;
  suiteId: number;
  appId: number;
  name: string;
  headSha: string;
  status: CheckStatus;
  conclusion: CheckConclusion | null;
  startedAt: string | null;
  completedAt: string | null;
  externalId: string | null;
  detailsUrl: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
}

export interface StatusRow {
  id: number;
  repoId: number;
  sha: string;
  state: 'error' | 'failure' | 'pending' | 'success';
  context: string;
  description: string | null;
  targetUrl: string | null;
  creatorId: number;
  createdAt: string;
}

export interface HookRow {
  id: number;
  /** The App whose webhook it is, which then has `repoId` 0 and hears of every repository of its installations. */
  appId?: number;
  repoId: number;
  url: string;
  contentType: 'json' | 'form';
  insecureSsl: string;
  secret: string | null;
  events: string[];
  active: boolean;
  createdAt: string;
  updatedAt: string;
  lastStatusCode: number | null;
}

export interface DeliveryRow {
  id: number;
  hookId: number;
  repoId: number;
  guid: string;
  event: string;
  action: string | null;
  payload: string;
  redelivery: boolean;
  /** Which automatic attempt under this GUID it is, from 0. */
  attempt: number;
  /** The hook while this is still to be sent, then null: its index finds the work without reading the history. */
  pendingHookId: number | null;
  dueAt: number;
  deliveredAt: string | null;
  durationSeconds: number;
  statusCode: number;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string>;
  responseBody: string;
}

export interface AttestationRow {
  id: number;
  repoId: number;
  /** `algorithm:hex`, as the statement names what it is about. */
  digest: string;
  bundle: Record<string, unknown>;
}
