import type { AgentRef, Tier } from '../events/catalogue.ts';
import type { Actor, Fact, Permission, PullRequestFacts } from '../facts.ts';
import type { RequiredCheck } from '../gate/types.ts';

/** A Repository as far as the rules care; unknown while it is missing, not ready, or belongs to another. */
export interface RepositoryPolicy {
  readonly name: string;
  readonly forgeId: number;
  readonly defaultBranch: string;
  readonly requiredChecks: 'none' | readonly RequiredCheck[];
  readonly blockLabels: readonly string[];
  readonly mergeMethod: 'squash' | 'merge' | 'rebase';
  readonly deploy: string;
  /** Agents that the routing table names for a class and stack, most wanted first; empty means no table. */
  readonly routes: readonly {
    readonly taskClass: string | null;
    readonly stack: string | null;
    readonly agent: string;
  }[];
}

export interface AgentFacts {
  readonly name: string;
  readonly uid: string;
  readonly role: string;
  readonly stacks: readonly string[];
  readonly ready: boolean;
  readonly suspended: boolean;
  readonly attempts: number;
  readonly concurrency: number;
  /** Tasks it runs now. */
  readonly running: number;
  /** Its own account at the forge; null where it has none. */
  readonly account: Actor | null;
}

/** What the cluster and the claims table say of a live task. */
export interface TaskFacts {
  /** `absent`: no AgentTask yet. `gone`: it was made and has vanished. */
  readonly object: 'absent' | 'present' | 'gone';
  /** Set when the Job has ended, with what it said; a task that has reported is no longer live and is not asked about. */
  readonly jobEnded: { readonly message: string; readonly infrastructure: boolean } | null;
  readonly started: boolean;
  /** Last heartbeat, else dispatch, in ms. */
  readonly seenAt: number;
  readonly deadline: number;
}

/** The answer of the tier port; null means that nothing grades this cluster's work, which is never taken for safe. */
export type TierAnswer = { readonly tier: Tier; readonly taskClass: string; readonly reason: string } | null;

/** One frozen snapshot of everything outside the log that {@link nextAction} may look at. */
export interface World {
  readonly repository: Fact<RepositoryPolicy>;
  readonly tier: TierAnswer;
  readonly stack: Fact<string | null>;
  readonly agents: readonly AgentFacts[];
  readonly tasks: ReadonlyMap<string, TaskFacts>;
  readonly pullRequest: Fact<PullRequestFacts>;
  /** When the pull request was last read whole, in ms; 0 for never. */
  readonly pullRequestReadAt: number;
  readonly headPushedBy: Fact<Actor>;
  readonly permissions: ReadonlyMap<number, Permission>;
  readonly machines: ReadonlySet<number>;
  /** Names of Agents whose forge account cannot be told; while there are any, permissions is empty. */
  readonly unaccounted: readonly string[];
  /** Names of Issues this one depends on that are not Done. */
  readonly openDependencies: readonly string[];
  /** Those of them that a person has to put right, each with why: failed, cancelled, in a circle with this one. */
  readonly hopelessDependencies: readonly string[];
  /** A person closed the issue at the forge without a merge. */
  readonly forgeIssueClosed: boolean;
  readonly conductorUpSince: number;
}

/** Knobs of the rules; every duration in ms. {@link defaultPolicy} has the shipped values. */
export interface Policy {
  readonly startDeadline: number;
  readonly heartbeatDeadline: number;
  readonly reviewDebounce: number;
  readonly factMaxAge: number;
  /** Pause between two whole reads of one pull request, and after a merge that the forge refused. */
  readonly readInterval: number;
  readonly mergeBackoff: number;
  readonly retryBackoff: number;
  readonly maxDisputes: number;
  readonly maxFailedReviews: number;
  /** Work claims in a row that may be lost to infrastructure before a person is asked. */
  readonly maxLosses: number;
}

export const defaultPolicy: Policy = {
  startDeadline: 15 * 60_000,
  heartbeatDeadline: 5 * 60_000,
  reviewDebounce: 60_000,
  factMaxAge: 15 * 60_000,
  readInterval: 3_000,
  mergeBackoff: 30_000,
  retryBackoff: 10_000,
  maxDisputes: 5,
  maxFailedReviews: 3,
  maxLosses: 5,
};

export type Candidate = AgentRef;
