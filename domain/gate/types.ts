import type { Reason } from '#crds';
import type { RecordedApproval } from '../approval/known.ts';
import type { Account } from '../approval/people.ts';
import type { Tier } from '../events/catalogue.ts';
import type { Actor, Fact, Permission, PullRequestFacts } from '../facts.ts';
import type { ForwardedHead } from '../issue/state.ts';
import type { SloQuestion } from '../slo/judge.ts';
import type { AttestorFacts } from './attestors.ts';
import type { Enforcement } from './ruleset.ts';

export type GateName =
  | 'target'
  | 'provenance'
  | 'linked'
  | 'ci'
  | 'review'
  | 'threads'
  | 'labels'
  | 'mergeable'
  | 'tier'
  | 'slo'
  | 'attestors'
  | 'freshness'
  | 'enforced'
  | 'approved';

/** `wait`: time or a machine will settle it. `fail`: somebody has to act. `unknown`: it could not be read. Only `pass` passes. */
export interface GateResult {
  readonly gate: GateName;
  readonly state: 'pass' | 'wait' | 'fail' | 'unknown';
  readonly reason: Reason;
  readonly message: string;
}

export interface RequiredCheck {
  readonly name: string;
  readonly app: string;
}

/** All that the merge gate may look at. Facts older than `maxAgeMs` count as unknown. */
export interface GateInput {
  readonly pullRequest: Fact<PullRequestFacts>;
  readonly repository: {
    readonly id: number;
    /** Name of the Repository object. */
    readonly name: string;
    readonly defaultBranch: string;
    /** The word `none` is a decision somebody wrote down; an empty list is not. */
    readonly requiredChecks: 'none' | readonly RequiredCheck[];
    readonly blockLabels: readonly string[];
    /** Slug of the verifier's App, whose check `rig/approval` a merge needs; null where the Repository does without a ruleset. */
    readonly approvalApp: string | null;
  };
  readonly issue: {
    /** Name of the Issue object. */
    readonly name: string;
    readonly number: number;
    /** Branch of the newest work claim, live or ended; null before the first. */
    readonly branch: string | null;
    /** Agent of the newest work claim; null before the first. */
    readonly agent: string | null;
    /** Head that the log knows, on which a merge would be asked; null where there is none. */
    readonly headSHA: string | null;
    readonly forwarded: readonly ForwardedHead[];
    /** Generation of the last edit that changed what is asked. */
    readonly wishGeneration: number;
    /** The one the newest work claim was assigned under; null before the first. */
    readonly workGeneration: number | null;
    readonly tier: Tier | null;
  };
  /** Forge accounts of reviewer Agents, by numeric id. */
  readonly reviewers: ReadonlySet<number>;
  /** Forge accounts of every Agent and of the conductor: none of them is a person. */
  readonly machines: ReadonlySet<number>;
  /** Forge accounts of developer Agents: what one of them approves is not independent, whoever else uses the account. */
  readonly developers: ReadonlySet<number>;
  /** Accounts that the forge told to have pushed to the head's branch, or to that of another attempt, or one of its commits elsewhere. */
  readonly pushers: readonly Account[];
  /** Other pull requests of this head, open or not, and the branch each goes to. */
  readonly headElsewhere: readonly { readonly number: number; readonly base: string }[];
  /** When it was last set to go to another branch, in ms by the forge's clock: who approved until then approved another change. */
  readonly baseChangedAt: number | null;
  /** What the forge itself holds merges to, against what the Repository asks. */
  readonly enforcement: Fact<Enforcement>;
  /** Names of Agents whose forge account cannot be told: nobody is known not to be one of them. */
  readonly unaccounted: readonly string[];
  /** Permission at the forge by account id; an account that is not in the map is unknown. */
  readonly permissions: ReadonlyMap<number, Permission>;
  /** Who pushed the head, where the forge told. */
  readonly headPushedBy: Fact<Actor>;
  /** The Approval of the merge that the log has for this head; whoever merges verifies it once more. Null where there is none. */
  readonly consent: Pick<RecordedApproval, 'headSHA' | 'identity'> | null;
  readonly tierGate: GateResult;
  /** Who has to vouch for the change by its tier, and who did. */
  readonly attestors: AttestorFacts;
  /** What the change's tier asks about production, and what is known of it. */
  readonly slo: Omit<SloQuestion, 'now'>;
  readonly now: number;
  readonly maxAgeMs: number;
}

/** The parts of a gate's input that a row reads once the pull request is known and fresh. */
export interface Row {
  readonly input: GateInput;
  readonly pr: PullRequestFacts;
}

export const pass = (gate: GateName, message: string): GateResult => ({
  gate,
  state: 'pass',
  reason: 'Passed',
  message,
});
export const wait = (gate: GateName, reason: Reason, message: string): GateResult => ({
  gate,
  state: 'wait',
  reason,
  message,
});
export const fail = (gate: GateName, reason: Reason, message: string): GateResult => ({
  gate,
  state: 'fail',
  reason,
  message,
});
export const unread = (gate: GateName, message: string): GateResult => ({
  gate,
  state: 'unknown',
  reason: 'FactUnknown',
  message,
});

/** A row that waits for whether somebody is a person who may write, and for whom that has to be asked. */
export function unknownStanding(gate: GateName, { unaccounted }: GateInput, message: string): GateResult {
  if (unaccounted.length === 0) return unread(gate, message);
  const names = unaccounted.join(', ');
  return unread(
    gate,
    `${message} It could be the account of Agent ${names}, whose forge credentials cannot be used; mend their Secret.`,
  );
}

/** Whether the account is a person (no machine of the rig, no bot) and, if so, may write; `unknown` where permission was not read. */
export function personWithWrite(input: Pick<GateInput, 'machines' | 'permissions'>, actor: Actor): boolean | 'unknown' {
  if (actor.kind === 'bot' || input.machines.has(actor.id)) return false;
  const permission = input.permissions.get(actor.id);
  if (permission === undefined) return 'unknown';
  return permission === 'admin' || permission === 'write';
}
