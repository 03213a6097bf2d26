import type { KnownApproval } from '../approval/known.ts';
import { type DeliveryState, noDelivery } from '../deploy/state.ts';
import type { AgentRef, IssueSpec, Lane, TaskKind, Tier } from '../events/catalogue.ts';
import type { UsedApproval } from './consent.ts';
import type { Preparation } from './prepare.ts';

export interface LiveTask {
  readonly name: string;
  readonly kind: TaskKind;
  readonly lane: Lane;
  readonly agent: AgentRef;
  readonly claim: string;
  readonly attempt: number;
  readonly round: number;
  readonly fence: string;
  readonly headSHA: string | null;
  readonly dispatchedAt: number;
  readonly started: boolean;
}

export interface WorkClaim {
  readonly id: string;
  readonly agent: AgentRef;
  readonly attempt: number;
  readonly fence: string;
  readonly branch: string;
  /** {@link IssueState.wishGeneration} when it was assigned: an older one works from an old text. */
  readonly generation: number;
  /** It is for a task that prepares beside a person. Default false. */
  readonly prepares?: boolean;
}

/** How the newest task of a lane ended. */
export interface TaskEnd {
  readonly task: string;
  readonly kind: TaskKind;
  readonly ending: 'succeeded' | 'failed' | 'lost' | 'cancelled' | 'stuck' | 'asked';
  readonly reason: string;
  readonly message: string;
  readonly infrastructure: boolean;
  readonly at: number;
}

/** A head that the gateway forwarded onto `branch` while the claim of `attempt` was live: what the gate's provenance asks. One for each branch. */
export interface ForwardedHead {
  readonly sha: string;
  readonly attempt: number;
  readonly branch: string;
}

export interface PullRequestState {
  readonly number: number;
  readonly url: string;
  readonly branch: string;
  readonly headSHA: string;
  readonly open: boolean;
}

/** How the change up to a head was graded, and by which state of the policy. */
export interface ChangeGrade {
  readonly headSHA: string;
  readonly tier: Tier;
  readonly taskClass: string;
  readonly rule: string;
  readonly path: string | null;
  readonly reason: string;
  readonly policy: string;
  /** The commit of the base branch at which the change begins; left out where it is not one. */
  readonly base?: string;
}

/** What a person is asked for: one cause, told of once. */
export interface Awaiting {
  readonly reason: string;
  readonly message: string;
  readonly since: number;
  /** Version of the event that asked: the gate's name in reminders, notices and acknowledgements. */
  readonly gate: number;
  /** The newest reminder; null before the first. */
  readonly reminded: { readonly version: number; readonly times: number; readonly at: number } | null;
  /** Who said to see to it; null while nobody has. */
  readonly acknowledged: { readonly by: string; readonly note: string | null; readonly at: number } | null;
}

export type Ending = 'Done' | 'Failed' | 'Cancelled';

/** One issue as its events tell it. Built by {@link evolve} alone; frozen by convention, never mutated. */
export interface IssueState {
  readonly version: number;
  readonly uid: string | null;
  readonly generation: number;
  /** Generation of the last edit that changes what is asked: title, body, taskSpec, tier. */
  readonly wishGeneration: number;
  readonly filedAt: number;
  readonly spec: IssueSpec | null;
  readonly classified: {
    readonly tier: Tier;
    readonly taskClass: string;
    readonly reason: string;
    readonly generation: number;
  } | null;
  /** Models that answered for its work since it was filed, or reopened, as far as that was told. */
  readonly models: readonly string[];
  /** The newest grade of the change, which may be of an older head; null before there is one. */
  readonly change: ChangeGrade | null;
  /** What an agent proposed for the present wish; null before that. */
  readonly plan: { readonly digest: string; readonly url: string } | null;
  /** The live work claim. */
  readonly work: WorkClaim | null;
  /** The newest work claim, live or ended: its branch is the one that may merge. */
  readonly lastWork: WorkClaim | null;
  /** Work claims that ended badly through the agent's or the change's own fault; what `attempts` caps. */
  readonly failures: number;
  /** Work claims in a row that were lost to infrastructure. */
  readonly losses: number;
  readonly lastFailure: { readonly reason: string; readonly message: string; readonly at: number } | null;
  readonly task: Readonly<Record<Lane, LiveTask | null>>;
  readonly lastEnd: Readonly<Record<Lane, TaskEnd | null>>;
  /** Tasks dispatched so far within the newest attempt, by kind: the round in a task's name. */
  readonly rounds: Readonly<Record<TaskKind, number>>;
  /** Heads on which a rework task of the newest attempt began. */
  readonly reworkedHeads: readonly string[];
  readonly forwarded: readonly ForwardedHead[];
  /** Heads that the newest attempt was told to go on from. */
  readonly continuedFrom: readonly string[];
  readonly pullRequest: PullRequestState | null;
  /** Pull requests of earlier attempts that may still be open. */
  readonly stalePullRequests: readonly number[];
  /** Every pull request that the log has told of, by number. */
  readonly seenPulls: readonly number[];
  /** Reviews at the forge that are already in the log, by id. */
  readonly seenReviews: readonly number[];
  readonly verdict: { readonly headSHA: string; readonly passed: boolean; readonly by: number } | null;
  readonly disputes: number;
  readonly failedReviews: number;
  /** Reviews in a row that were lost to infrastructure. */
  readonly reviewLosses: number;
  readonly ci: { readonly headSHA: string; readonly passed: boolean } | null;
  readonly conflict: { readonly headSHA: string; readonly baseSHA: string } | null;
  readonly awaiting: Awaiting | null;
  /** A person holds the issue by a command: like spec.suspend, which is the object's own. */
  readonly hold: { readonly by: string; readonly since: number } | null;
  /** The tier that a person asked for by a command, beside the floor of the wish. */
  readonly tierFloor: Tier | null;
  /** Comments at the forge whose command is in the log, by id. */
  readonly seenCommands: readonly number[];
  readonly waiting: {
    readonly gate: string;
    readonly reason: string;
    readonly message: string;
    readonly headSHA: string;
    readonly at: number;
  } | null;
  /** `version` of the event names the decision: one decision merges at most once. */
  readonly mergeRequested: { readonly headSHA: string; readonly at: number; readonly version: number } | null;
  /** Merges of one head that the forge refused since a person was last asked. */
  readonly refusals: { readonly headSHA: string; readonly times: number } | null;
  readonly merged: { readonly sha: string; readonly headSHA: string } | null;
  /** What became of the change after the merge. */
  readonly delivery: DeliveryState;
  /** The newest recovery from a backup, since when (RFC 3339) the log does not know what was done, and the newest attempt that left a trace. */
  readonly recovered: {
    readonly id: string;
    readonly lostSince: string;
    readonly attempt: number;
    readonly branch: string | null;
  } | null;
  /** Names of the issues that this one finishes with, in order. */
  readonly children: readonly string[];
  /** What the log knows of its Approvals. */
  readonly approvals: readonly KnownApproval[];
  /** Since when it is in its present cycle, in ms: what was signed before it was filed, reopened or recovered approves nothing of it. */
  readonly approvedSince: number;
  /** Approvals that let something through, the one used last at the end. */
  readonly usedApprovals: readonly UsedApproval[];
  /** What a person asked an agent to prepare last. */
  readonly preparation: Preparation | null;
  /** The newest head of which an agent gave no verdict because it is for people to approve. */
  readonly refusedReview: string | null;
  readonly ending: { readonly kind: Ending; readonly reason: string; readonly message: string } | null;
}

export const noRounds: IssueState['rounds'] = { implement: 0, rework: 0, review: 0, prepare: 0, plan: 0 };

export const noIssue: IssueState = {
  version: 0,
  uid: null,
  generation: 0,
  wishGeneration: 0,
  filedAt: 0,
  spec: null,
  classified: null,
  models: [],
  change: null,
  plan: null,
  work: null,
  lastWork: null,
  failures: 0,
  losses: 0,
  lastFailure: null,
  task: { work: null, review: null },
  lastEnd: { work: null, review: null },
  rounds: noRounds,
  reworkedHeads: [],
  forwarded: [],
  continuedFrom: [],
  pullRequest: null,
  stalePullRequests: [],
  seenPulls: [],
  seenReviews: [],
  verdict: null,
  disputes: 0,
  failedReviews: 0,
  reviewLosses: 0,
  ci: null,
  conflict: null,
  awaiting: null,
  hold: null,
  tierFloor: null,
  seenCommands: [],
  waiting: null,
  mergeRequested: null,
  refusals: null,
  merged: null,
  delivery: noDelivery,
  recovered: null,
  children: [],
  approvals: [],
  approvedSince: 0,
  usedApprovals: [],
  preparation: null,
  refusedReview: null,
  ending: null,
};

/** The live task of that name, in whichever lane. */
export function liveTask(state: IssueState, name: string): LiveTask | null {
  return liveTasks(state).find((task) => task.name === name) ?? null;
}

/** The live tasks of both lanes. */
export function liveTasks(state: IssueState): LiveTask[] {
  return [state.task.work, state.task.review].filter((task) => task !== null);
}

/** What an event changes of a state. */
export type Change = Partial<IssueState>;
