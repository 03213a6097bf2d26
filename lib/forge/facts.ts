/**
 * What the forge says, as plain data. Structurally the same as the rules' own fact types: a library may not import the
 * rules, so a test holds the two declarations together.
 */

/** An account, known by its numeric id: a login may be renamed and taken by another. Bots keep their `[bot]` suffix. */
export interface Actor {
  readonly id: number;
  readonly login: string;
  readonly kind: 'user' | 'bot';
}

export type Permission = 'admin' | 'write' | 'read' | 'none';

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

export interface CheckFacts {
  /** A check run's own id. A commit status has none that both API and webhook tell: its id is negative and derived from (SHA, context). */
  readonly id: number;
  readonly name: string;
  /** Slug of the App that made a check run; null for a commit status, which any writer can set. */
  readonly app: string | null;
  readonly headSHA: string;
  /** Branch for which its suite was started; null where the forge names none (a fork's, one that was deleted), and for a commit status. */
  readonly branch: string | null;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: CheckConclusion | null;
  /** RFC 3339; orders attempts of one check. Empty where the forge has not said. */
  readonly startedAt: string;
  readonly completedAt: string | null;
  readonly summary: string;
  readonly url: string | null;
}

export interface ReviewFacts {
  readonly id: number;
  readonly author: Actor;
  readonly state: 'approved' | 'changes_requested' | 'commented' | 'dismissed' | 'pending';
  readonly commitSHA: string | null;
  readonly submittedAt: string;
  readonly body: string;
}

export interface ThreadFacts {
  /** The forge's opaque id (GitHub: GraphQL node id). */
  readonly id: string;
  readonly resolved: boolean;
  readonly outdated: boolean;
  readonly path: string;
  readonly line: number | null;
  readonly resolvedBy: Actor | null;
  /** In order; the first comment's author owns the thread. */
  readonly comments: readonly ThreadComment[];
}

export interface ThreadComment {
  readonly author: Actor;
  readonly body: string;
  readonly createdAt: string;
}

export interface CommitFacts {
  readonly sha: string;
  readonly message: string;
  /** Accounts the forge attributes the commit to (author, co-authors, committer); empty where it knows none. */
  readonly authors: readonly Actor[];
}

/** What every listing and webhook says of a pull request. */
export interface PullRequestSummary {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'closed' | 'merged';
  readonly draft: boolean;
  readonly title: string;
  readonly body: string;
  readonly author: Actor;
  /** `repositoryId` is null where the fork was deleted. */
  readonly head: { readonly sha: string; readonly ref: string; readonly repositoryId: number | null };
  readonly base: { readonly ref: string; readonly sha: string; readonly repositoryId: number };
  readonly mergeSHA: string | null;
  readonly mergedAt: string | null;
  readonly labels: readonly string[];
  readonly updatedAt: string;
}

/** Everything the merge gate asks of a pull request. `complete` says whether every page of each list was read. */
export interface PullRequestFacts extends PullRequestSummary {
  readonly mergeable: 'mergeable' | 'conflicting' | 'unknown';
  /** Whether the head contains the base branch's tip; null where the forge did not say. */
  readonly containsBase: boolean | null;
  /** `required`: the base takes changes through a merge queue only. `entered`: this one is in it. */
  readonly mergeQueue: 'none' | 'required' | 'entered' | 'unknown';
  readonly mergedBy: Actor | null;
  readonly closingIssues: readonly { readonly number: number; readonly repositoryId: number }[];
  readonly commits: readonly CommitFacts[];
  readonly checks: readonly CheckFacts[];
  readonly reviews: readonly ReviewFacts[];
  readonly threads: readonly ThreadFacts[];
  readonly complete: {
    readonly commits: boolean;
    readonly checks: boolean;
    readonly reviews: boolean;
    readonly threads: boolean;
    readonly closingIssues: boolean;
    readonly labels: boolean;
  };
}

export interface RepositoryFacts {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  /** Tip of the default branch; null for an empty repository and in webhooks, which do not tell it. */
  readonly defaultBranchSHA: string | null;
  readonly archived: boolean;
  readonly private: boolean;
  readonly url: string;
  /** Whether the identity that asked may push; left out where the forge did not say, as in webhooks. */
  readonly mayPush?: boolean;
}

export interface ForgeIssueFacts {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'closed';
  readonly title: string;
  readonly body: string;
  readonly author: Actor;
  readonly labels: readonly string[];
  readonly updatedAt: string;
}

/** A comment in the conversation of an issue or pull request. */
export interface CommentFacts {
  readonly id: number;
  readonly url: string;
  readonly author: Actor;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A comment with what it stands under. */
export interface ConversationFacts extends CommentFacts {
  readonly number: number;
  readonly onPullRequest: boolean;
}

/** A deployment with the newest state that was told of it. */
export interface DeploymentFacts {
  readonly id: number;
  readonly sha: string;
  /** The branch, tag or commit that was asked for. */
  readonly ref: string | null;
  readonly environment: string;
  /** Whether the forge says it is one that users see; null where it does not say. */
  readonly production: boolean | null;
  readonly state:
    | 'created'
    | 'queued'
    | 'pending'
    | 'waiting'
    | 'in_progress'
    | 'success'
    | 'failure'
    | 'error'
    | 'inactive';
  /** Where it is live. Null unless it is http or https. */
  readonly url: string | null;
  readonly logUrl: string | null;
  readonly description: string;
  readonly creator: Actor;
  /** Id of the status that told this state, which orders states of one second; 0 for the deployment itself. */
  readonly statusId: number;
  readonly updatedAt: string;
}

/** One entry of the history of an issue: who did what to it, which no listing of issues tells. */
export interface IssueEventFacts {
  /** Grows with time. */
  readonly id: number;
  /** The forge's word, such as `labeled`, `closed`, `reopened`, `renamed`. */
  readonly event: string;
  readonly actor: Actor;
  readonly number: number;
  /** The label that was put on or taken off. */
  readonly label: string | null;
  /** The title that a rename gave. */
  readonly title: string | null;
  readonly createdAt: string;
}

/** A branch or tag that moved, with who moved it. */
export interface ActivityFacts {
  /** Grows with time. */
  readonly id: number;
  /** Full name, such as `refs/heads/main`. */
  readonly ref: string;
  /** Null where the ref was made by this. */
  readonly before: string | null;
  /** Null where the ref was deleted. */
  readonly after: string | null;
  readonly actor: Actor;
  readonly at: string;
}

/** How a pull request stands, as far as it takes to see that it moved. */
export interface PullRequestState {
  readonly headSHA: string;
  /** Changes when head, state, checks, reviews or threads do; means nothing by itself. */
  readonly text: string;
}

/** Who changed an issue's text last; null where nobody has, or the forge does not say. */
export interface IssueEditorFacts {
  readonly editor: Actor | null;
  readonly editedAt: string | null;
}
