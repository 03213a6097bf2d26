import { type IssueSpec, type IssueState, type Lane, noIssue, type TaskKind } from '#domain';
import { spec } from '../../domain/testing/world.ts';

export type Author = 'gateway' | 'person';

/** What a reviewer or a person last said of a pull request. */
export interface Opinion {
  readonly id: number;
  readonly by: 'reviewer' | 'person';
  readonly state: 'approved' | 'changes_requested' | 'dismissed';
  readonly head: string;
  /** Task that submitted it; null for a person. */
  readonly task: string | null;
}

/** A pull request as the forge has it. */
export interface Pull {
  readonly number: number;
  readonly attempt: number;
  readonly state: 'open' | 'closed' | 'merged';
  readonly head: string;
  /** Who pushed the head. */
  readonly by: Author;
  /** How the head stands to the tip of the base. */
  readonly basis: 'current' | 'behind' | 'conflict';
  readonly checks: { readonly head: string; readonly result: 'none' | 'passed' | 'failed' };
  readonly opinions: readonly Opinion[];
  /** The one thread that a reviewer opens. */
  readonly thread: 'none' | 'open' | 'resolved';
  /** The head on which it was opened last. */
  readonly threadHead: string | null;
  readonly mergedBy: 'conductor' | 'person' | null;
}

/** The forge, as far as it concerns one issue. */
export interface ForgeSide {
  readonly issue: 'none' | 'open' | 'closed';
  readonly branches: readonly { readonly attempt: number; readonly head: string; readonly by: Author }[];
  readonly pulls: readonly Pull[];
  /** Commits and reviews made so far: they number the next. */
  readonly commits: number;
  readonly reviews: number;
  /** What the deployer says of the merged change. */
  readonly deployed: 'not' | 'failed' | 'live';
}

/** What deliveries and reads have told the conductor of the forge: older than the forge, part by part, until they are told again. */
export interface Told {
  readonly closed: boolean;
  readonly pull: Pull | null;
}

/** A call of an agent in the conductor's hands: admitted, or done at the forge and not yet in the log. */
export interface Call {
  readonly stage: 'admitted' | 'done';
  readonly from: string | null;
  readonly to: string | null;
  readonly passed: boolean;
  readonly review: number;
  /** The pull request that is reviewed. */
  readonly number: number;
}

/** A process that an agent runs, or ran: what it does after its task has ended is where dead fences are tried. */
export interface Process {
  readonly task: string;
  readonly fence: string;
  readonly lane: Lane;
  readonly kind: TaskKind;
  readonly agent: string;
  readonly head: string | null;
  readonly step: 'boot' | 'push' | 'open' | 'verdict' | 'finish';
  readonly call: Call | null;
  readonly dead: 'killed' | 'exited' | null;
}

/** What the conductor is at outside the log for the issue: gone with the conductor. */
export type Operation =
  | { readonly do: 'file'; readonly stage: 'begun' | 'done' }
  | { readonly do: 'close'; readonly stage: 'begun' | 'done'; readonly number: number }
  | {
      readonly do: 'merge';
      readonly stage: 'requested' | 'begun' | 'merged' | 'refused' | 'settled';
      readonly number: number;
      readonly head: string;
      readonly version: number;
      readonly code: 'Refused' | 'HeadMoved' | 'NotMergeable' | null;
    };

/** The row of the newest merge in the effects table. */
export interface EffectRow {
  readonly version: number;
  readonly outcome: 'started' | 'merged' | 'Refused' | 'HeadMoved' | 'NotMergeable';
}

/** What the events said, noted without the rules: the invariants ask this, since the rules may be wrong. */
export interface Witness {
  readonly claim: string | null;
  readonly work: string | null;
  readonly review: string | null;
  readonly merged: boolean;
  readonly ended: boolean;
}

/** One issue with all of the world that concerns it alone. Names in it are its own: two issues in the same position are equal. Plain JSON. */
export interface Strand {
  readonly log: IssueState;
  /** The Issue object; null where there is none. */
  readonly wish: { readonly uid: string; readonly generation: number; readonly spec: IssueSpec } | null;
  readonly forge: ForgeSide;
  readonly told: Told;
  readonly processes: readonly Process[];
  readonly operation: Operation | null;
  readonly row: EffectRow | null;
  /** A merge call on its way to the forge from a conductor that has died, or stands still: it may arrive until its window has passed. */
  readonly flight: { readonly number: number; readonly head: string } | null;
  /** Calls that made something at the forge, by key: none may be made twice. */
  readonly filed: number;
  readonly witness: Witness;
}

/** An Issue object that was just applied, without a number. */
export const newborn: Strand = {
  log: noIssue,
  wish: { uid: 'uid-1', generation: 1, spec: spec({ number: null }) },
  forge: { issue: 'none', branches: [], pulls: [], commits: 0, reviews: 0, deployed: 'not' },
  told: { closed: false, pull: null },
  processes: [],
  operation: null,
  row: null,
  flight: null,
  filed: 0,
  witness: { claim: null, work: null, review: null, merged: false, ended: false },
};

/** No issue at all, beside which another is explored alone. */
export const absent: Strand = {
  ...newborn,
  wish: null,
  log: { ...noIssue, ending: { kind: 'Done', reason: 'Done', message: 'There is no such issue.' } },
};

/** What a step costs: only so many setbacks, faults and acts of people are tried on one path. `none` is what goes on by itself. */
export type Cost = 'none' | 'setback' | 'fault' | 'person';

/** One thing that may happen to a strand. */
export interface Step {
  readonly label: string;
  readonly to: Strand;
  readonly cost: Cost;
  /** The base moved with it: the other issue's head no longer contains its tip. */
  readonly merged?: boolean;
  /** An invariant that does not hold in it. */
  readonly broken?: Broken;
}

/** An invariant that did not hold. */
export class Broken extends Error {
  override name = 'Broken';
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** What broke where something was thrown: an invariant, or that the rules have an answer in every position. */
export function brokenBy(error: unknown): Broken {
  if (error instanceof Broken) return error;
  const [said, at = ''] = String((error as Error).stack ?? error).split('\n');
  return new Broken('RulesAnswer', `${said} ${at.trim()}`);
}

export const step = (label: string, to: Strand, cost: Cost = 'none'): Step => ({ label, to, cost });

export const pullOf = (strand: Strand, number: number): Pull | undefined =>
  strand.forge.pulls.find((pull) => pull.number === number);

/** The strand with one pull request changed at the forge. */
export function withPull(strand: Strand, number: number, change: Partial<Pull>): Strand {
  const pulls = strand.forge.pulls.map((pull) => (pull.number === number ? { ...pull, ...change } : pull));
  return { ...strand, forge: { ...strand.forge, pulls } };
}

/** The mirror after a whole read of the pull request. */
export function readWhole(strand: Strand, number: number): Strand {
  const pull = pullOf(strand, number) ?? null;
  return { ...strand, told: { ...strand.told, pull } };
}

/** Pull requests at the forge that the log does not know. */
export const untoldPulls = ({ forge, log }: Strand): readonly Pull[] =>
  forge.pulls.filter(({ number }) => !log.seenPulls.includes(number));
