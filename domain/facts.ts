/**
 * What the rules may know of the world: plain, frozen data read from the forge, the cluster and the database.
 * A part that could not be read is {@link unknown}, never empty, and unknown never passes a gate.
 */
export type Fact<T> =
  | { readonly known: true; readonly value: T; readonly observedAt: number }
  | { readonly known: false; readonly why: string };

/** A fact as read at `observedAt` (milliseconds since the epoch). */
export function known<T>(value: T, observedAt: number): Fact<T> {
  return { known: true, value, observedAt };
}

/** A fact that could not be read; `why` is a sentence for a person. */
export function unknown(why: string): Fact<never> {
  return { known: false, why };
}

/** An account at the forge, known by its numeric id: a login may be renamed and taken by another. */
export interface Actor {
  readonly id: number;
  readonly login: string;
  readonly kind: 'user' | 'bot';
}

export type Permission = 'admin' | 'write' | 'read' | 'none';

export interface CheckFacts {
  readonly id: number;
  readonly name: string;
  /** Slug of the App that made a check run; null for a commit status, which any writer can set. */
  readonly app: string | null;
  readonly headSHA: string;
  /** Branch for which its suite was started; null where the forge names none (a fork's, one that was deleted), and for a commit status. */
  readonly branch: string | null;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion:
    | 'success'
    | 'failure'
    | 'neutral'
    | 'cancelled'
    | 'skipped'
    | 'timed_out'
    | 'action_required'
    | 'stale'
    | 'startup_failure'
    | null;
  /** RFC 3339; orders attempts of one check. */
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
  readonly comments: readonly { readonly author: Actor; readonly body: string; readonly createdAt: string }[];
}

export interface CommitFacts {
  readonly sha: string;
  readonly message: string;
  /** Accounts the forge attributes the commit to (author, co-authors, committer); empty where it knows none. */
  readonly authors: readonly Actor[];
}

/** Everything the merge gate asks of a pull request. `complete` says whether every page of each list was read. */
export interface PullRequestFacts {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'closed' | 'merged';
  readonly draft: boolean;
  readonly title: string;
  readonly body: string;
  readonly author: Actor;
  readonly head: { readonly sha: string; readonly ref: string; readonly repositoryId: number | null };
  readonly base: { readonly ref: string; readonly sha: string; readonly repositoryId: number };
  readonly mergeable: 'mergeable' | 'conflicting' | 'unknown';
  /** Whether the head contains the base branch's tip; null where the forge did not say. */
  readonly containsBase: boolean | null;
  /** `required`: the base takes changes through a merge queue only. `entered`: this one is in it. */
  readonly mergeQueue: 'none' | 'required' | 'entered' | 'unknown';
  readonly mergeSHA: string | null;
  readonly mergedAt: string | null;
  readonly mergedBy: Actor | null;
  readonly labels: readonly string[];
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
  readonly updatedAt: string;
}

export interface RepositoryFacts {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly defaultBranchSHA: string | null;
  readonly archived: boolean;
  readonly private: boolean;
  readonly url: string;
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
