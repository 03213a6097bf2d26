import type { TierTable } from '#crds';
import type { ListedPeople } from '../approval/people.ts';
import type { CheckJobFacts, DeliveryFacts, DeployPolicy } from '../deploy/world.ts';
import type { AgentRef, Tier } from '../events/catalogue.ts';
import type { Actor, Fact, Permission, PullRequestFacts } from '../facts.ts';
import type { AttestingMachines } from '../gate/attestors.ts';
import type { GateInput, RequiredCheck } from '../gate/types.ts';
import type { Ceiling } from '../ledger/policy.ts';
import type { Gap } from '../listening.ts';
import type { SloFacts } from '../slo/facts.ts';
import type { SloWish } from '../slo/wish.ts';
import type { ChangeGrade } from './state.ts';

/** A Repository as far as the rules care; unknown while it is missing, not ready, or belongs to another. */
export interface RepositoryPolicy {
  readonly name: string;
  readonly forgeId: number;
  readonly defaultBranch: string;
  readonly requiredChecks: 'none' | readonly RequiredCheck[];
  readonly blockLabels: readonly string[];
  /** As {@link GateInput}'s. */
  readonly approvalApp: string | null;
  readonly mergeMethod: 'squash' | 'merge' | 'rebase';
  readonly deploy: DeployPolicy;
  /** What is asked of production before a merge; null where the Repository says nothing of it. */
  readonly slo: SloWish | null;
  /** Agents that the routing table names for a class and stack, most wanted first; empty means no table. */
  readonly routes: readonly {
    readonly taskClass: string | null;
    readonly stack: string | null;
    readonly agent: string;
  }[];
}

/** The models of an Agent as far as trust goes, each as it answers. */
export interface AgentModels {
  /** Those that would answer for it now: its own first, then its fallbacks. */
  readonly now: readonly string[];
  /** What it is trusted with by `class/model`, T0 where one is missing; also with models that answer no more. */
  readonly trusted: ReadonlyMap<string, Ceiling>;
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
  /** Whether it can act at the forge now: its credentials are there and are taken. */
  readonly usable: boolean;
  /** What it is trusted with by class of work, T0 where a class is missing; left out where no ceiling holds. */
  readonly ceilings?: Fact<ReadonlyMap<string, Ceiling>>;
  /** Which models that is for; there where `ceilings` is known. */
  readonly models?: AgentModels;
  /** Its own account at the forge, or the last one it was seen with; null where it has none. */
  readonly account: Actor | null;
}

/** What the cluster and the claims table say of a live task. */
export interface TaskFacts {
  /** `absent`: no AgentTask yet. `gone`: it was made and has vanished. */
  readonly object: 'absent' | 'present' | 'gone';
  /** Set when the Job has ended, with what it said; a task that has reported is no longer live and is not asked about. */
  readonly jobEnded: { readonly message: string; readonly infrastructure: boolean } | null;
  readonly started: boolean;
  /** A client of its Agent is to take it: no pod is made. Default false. */
  readonly pulled?: boolean;
  /** Last heartbeat, else dispatch, in ms. */
  readonly seenAt: number;
  readonly deadline: number;
}

/** The answer of the tier port; null means that nothing grades this cluster's work, which is never taken for safe. */
export type TierAnswer = { readonly tier: Tier; readonly taskClass: string; readonly reason: string } | null;

/** An Issue that names this one as its parent, or did so until it was deleted. */
export interface ChildFacts {
  readonly name: string;
  /** `circular`: it waits for its parent in turn, through however many others. */
  readonly standing: 'done' | 'open' | 'failed' | 'cancelled' | 'deleted' | 'circular';
  /** Its phase, for a sentence. */
  readonly phase: string;
}

/** One frozen snapshot of everything outside the log that {@link nextAction} may look at. */
export interface World {
  /** Name of the Issue object, as a person says it to a command. */
  readonly name: string;
  readonly repository: Fact<RepositoryPolicy>;
  /** There is no Repository of that name at all. */
  readonly repositoryMissing: boolean;
  readonly tier: TierAnswer;
  /** What is wrong with the policy that would grade the work; null or left out where there is none, or nothing is wrong. */
  readonly tierProblem?: string | null;
  /** The grade of the change up to {@link changeHead}; left out where this cluster grades no changes. */
  readonly change?: Fact<ChangeGrade>;
  /** What each tier asks by the TierPolicy; left out, as it is shipped. */
  readonly terms?: TierTable;
  /** Which listed machines signed for the head; left out where nobody asked. */
  readonly machineAttestors?: Fact<AttestingMachines>;
  /** Who may approve; left out where nobody asked. */
  readonly listed?: Fact<ListedPeople>;
  /** What production answered; left out where it was not asked. */
  readonly slo?: Fact<SloFacts>;
  readonly stack: Fact<string | null>;
  readonly agents: readonly AgentFacts[];
  readonly tasks: ReadonlyMap<string, TaskFacts>;
  readonly pullRequest: Fact<PullRequestFacts>;
  /** When the pull request was last read whole, in ms; 0 for never. */
  readonly pullRequestReadAt: number;
  /** Pull requests of earlier attempts that may still be open, each with when it was last read whole (ms; 0 for never). */
  readonly stalePulls: readonly {
    readonly number: number;
    readonly facts: Fact<PullRequestFacts>;
    readonly readAt: number;
  }[];
  readonly headPushedBy: Fact<Actor>;
  /** What only the merge gate asks. */
  readonly gate: Pick<GateInput, 'pushers' | 'headElsewhere' | 'baseChangedAt' | 'enforcement'>;
  readonly permissions: ReadonlyMap<number, Permission>;
  readonly machines: ReadonlySet<number>;
  /** Names of Agents whose forge account cannot be told; while there are any, permissions is empty. */
  readonly unaccounted: readonly string[];
  /** Names of Issues this one depends on that are not Done. */
  readonly openDependencies: readonly string[];
  /** Those of them that a person has to put right, each with why: failed, cancelled, in a circle with this one. */
  readonly hopelessDependencies: readonly string[];
  readonly children: readonly ChildFacts[];
  /** Name of the parent that the wish names and that is no Issue of the namespace; null otherwise. */
  readonly missingParent: string | null;
  /** The issue is closed at the forge, by a person or by a merge. False where it is open or not known: only that it is closed says anything. */
  readonly forgeIssueClosed: boolean;
  /** When the forge last told of the issue, in ms; 0 for never. A pull request that was read since is not older than the close. */
  readonly forgeIssueToldAt: number;
  readonly conductorUpSince: number;
  /** Short times without one since then, oldest first; left out, none. */
  readonly conductorGaps?: readonly Gap[];
  /** What the deployer shows; unknown before a merge. */
  readonly delivery: Fact<DeliveryFacts>;
  /** Jobs of commands of `spec.verify`, by command, deployment and run. */
  readonly checks: ReadonlyMap<string, CheckJobFacts>;
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
  /** Merges of one head that the forge may refuse before a person is asked; each pause is twice the one before. */
  readonly maxRefusals: number;
  readonly retryBackoff: number;
  /** Longest pause between two attempts, or two reviews. */
  readonly maxRetryBackoff: number;
  readonly maxDisputes: number;
  readonly maxFailedReviews: number;
  /** Work claims in a row, or reviews in a row, that may be lost to infrastructure before a person is asked. */
  readonly maxLosses: number;
  /** Pause between two looks at a deployer that does not tell by itself. */
  readonly deployInterval: number;
  /** How long another deployment is waited for after one that failed, and after one that took the change back. */
  readonly deployRetry: number;
  readonly rollbackSettle: number;
  /** Times a command of `spec.verify` may fail for one deployment; the pause after a failure doubles. */
  readonly maxCheckRuns: number;
  readonly checkBackoff: number;
  /** Times an issue is reopened by itself because its merged change did not live. */
  readonly maxReopenings: number;
}

export const defaultPolicy: Policy = {
  startDeadline: 15 * 60_000,
  heartbeatDeadline: 5 * 60_000,
  reviewDebounce: 60_000,
  factMaxAge: 15 * 60_000,
  readInterval: 3_000,
  mergeBackoff: 30_000,
  maxRefusals: 6,
  retryBackoff: 10_000,
  maxRetryBackoff: 10 * 60_000,
  maxDisputes: 5,
  maxFailedReviews: 3,
  maxLosses: 5,
  deployInterval: 10_000,
  deployRetry: 10 * 60_000,
  rollbackSettle: 10 * 60_000,
  maxCheckRuns: 3,
  checkBackoff: 30_000,
  maxReopenings: 2,
};

export type Candidate = AgentRef;
