import { randomUUID } from 'node:crypto';
import { childName, type TierTable } from '#crds';
import {
  type AgentRef,
  type ApprovalScope,
  type Assignment,
  consentsToClaim,
  type DomainEvent,
  decideAssignment,
  decideDispatch,
  firstTask,
  formatFence,
  type IssueState,
  isAsked,
  nextAttempt,
  nextRound,
  type TaskKind,
  type TrustOf,
} from '#domain';
import { type Tx, transaction } from '#lib/db';
import { EventsError } from '#lib/events';
import type { ConsentPort } from '../approvals/consents.ts';
import type { Draft } from './draft.ts';
import { Gathering } from './gathering.ts';
import type { Cause, IssueLog } from './log.ts';
import type { SubjectName } from './project.ts';
import { enqueue, type QueueEntry } from './queue.ts';

/** Leaves room for the suffix that a Job gives its pod. */
const TASK_NAME_MAX = 57;

/** An Agent as a claim needs it, with what it is trusted with at this moment. */
export interface Claimant extends AgentRef, TrustOf {
  readonly concurrency: number;
  /** Verifies what people approved; where it is left out, nothing that they approved counts. */
  readonly consents?: Pick<ConsentPort, 'confirm' | 'recent'>;
  /** What each tier asks of an issue at this moment, undefined as it is shipped; null where that is not known, and nothing is given out. Asks nobody. */
  readonly termsOf?: (subject: SubjectName) => TierTable | null | undefined;
}

/**
 * An Agent may not have the issue as things are now: a person has to have approved it in this scope, and that has not been verified within the last
 * seconds; null where nothing helps, and it has to be decided anew.
 */
export class ClaimRefused extends Error {
  override readonly name = 'ClaimRefused';
  readonly scope: ApprovalScope | null;

  constructor(issue: string, agent: string, scope: ApprovalScope | null) {
    super(`${agent} may not be given ${issue} on what is known now.`);
    this.scope = scope;
  }
}

/** Who leads: its epoch is the first half of every fence. */
export interface Leadership {
  readonly epoch: number;
}

export function taskName(issue: string, kind: TaskKind, attempt: number, round: number): string {
  return childName([issue, kind, attempt, round], { maxLength: TASK_NAME_MAX });
}

export function branchName(issue: string, attempt: number): string {
  return `rig/${issue}/${attempt}`;
}

/** An issue that may be claimed, and who may have it now. */
interface Wanted {
  readonly draft: Draft;
  readonly entry: Omit<QueueEntry, 'version'>;
  readonly agents: readonly Claimant[];
  readonly leader: Leadership;
}

/** What became of an issue that may be claimed. */
export interface Placed {
  /** Who has it; null for the queue. */
  readonly holder: Claimant | null;
  /** None of its Agents has a free place, so that none can be given anything else either. */
  readonly full: boolean;
}

/** Claims on arrival that come while others are under way share a transaction: one Agent's row would let them through one by one. */
const gatherings = new WeakMap<IssueLog, Gathering<Wanted, Placed>>();

/**
 * Writes what `draft` holds and gives its issue to the first of these Agents that has a free slot and for whom nothing better is queued, or
 * else puts it into the queue: one transaction. Throws EventsError as {@link Draft.commit}.
 */
export async function claimOrEnqueue(
  draft: Draft,
  entry: Omit<QueueEntry, 'version'>,
  agents: readonly Claimant[],
  leader: Leadership,
): Promise<Placed> {
  let gathering = gatherings.get(draft.log);
  if (gathering === undefined) {
    gathering = new Gathering({ name: ({ entry }) => entry.subject.id, run: placeEach, lanes: 1 });
    gatherings.set(draft.log, gathering);
  }
  return gathering.ask({ draft, entry, agents, leader });
}

/** All in one transaction; where that fails, each in one of its own, to fail alone. */
async function placeEach(batch: readonly Wanted[]): Promise<PromiseSettledResult<Placed>[]> {
  if (batch.length > 1) {
    const together = await place(batch).catch(() => null);
    if (together !== null) return together.map((value) => ({ status: 'fulfilled', value }));
  }
  return Promise.allSettled(batch.map(async (one) => (await place([one]))[0]!));
}

async function place(batch: readonly Wanted[]): Promise<Placed[]> {
  return transaction(batch[0]!.draft.log.pool, async (tx) => {
    const taken = await takeDirect(tx, batch);
    const placed = await Promise.allSettled(
      batch.map(({ draft, entry }, at) =>
        draft.commitIn<Placed>(tx, async (_, state) => {
          const { agent, fence, before, full } = taken[at]!;
          if (agent === null) {
            await enqueue(tx, { ...entry, version: state.version });
            return { events: [], value: { holder: null, full } };
          }
          const kind = firstKind(entry.subject, state, agent);
          const assignment = assignmentOf(entry.subject, nextAttempt(state, before), agent, fence, kind);
          return { events: claimEvents(entry.subject, state, agent, assignment), value: { holder: agent, full } };
        }),
      ),
    );
    return placed.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value!;
    });
  });
}

interface DirectlyTaken {
  readonly agent: string | null;
  readonly epoch: number;
  readonly sequence: number;
  readonly before: number | null;
  readonly full: boolean;
}

const PLACE = {
  name: 'place_many',
  text: `SELECT t.*, (SELECT attempt FROM attempts a WHERE a.namespace = x->>'namespace' AND a.issue = x->>'issue') AS before
    FROM place_many($1::jsonb) t JOIN jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e (x, place) ON e.place = t.n
    ORDER BY t.n`,
};

type Taken = { full: boolean } & (
  | { agent: Claimant; fence: string; before: number }
  | { agent: null; fence: null; before: 0 }
);

/**
 * Who takes each issue now, under which fence, and the highest attempt `before` that is known under its name; no Agent where it has to wait.
 * Throws StaleEpoch for a leader that was followed by another.
 */
async function takeDirect(tx: Tx, batch: readonly Wanted[]): Promise<Taken[]> {
  const asked = batch.map(({ entry: { subject, priority, filedAt }, agents }) => ({
    subject: subject.id,
    namespace: subject.namespace,
    issue: subject.name,
    rank: priority,
    filed: new Date(filedAt).toISOString(),
    agents: agents.map(({ uid }) => uid),
    slots: agents.map(({ concurrency }) => concurrency),
  }));
  const { rows } = await tx.query<DirectlyTaken>({ ...PLACE, values: [JSON.stringify(asked)] });
  return batch.map(({ agents, leader }, at): Taken => {
    const { agent: uid, epoch, sequence, before, full } = rows[at]!;
    const agent = agents.find((one) => one.uid === uid);
    if (agent === undefined) return { agent: null, fence: null, before: 0, full };
    requireEpoch(leader, epoch);
    return { agent, fence: formatFence({ epoch, sequence }), before: before ?? 0, full };
  });
}

/**
 * What the log is told of a claim, with the Approvals that it takes, as where the Agent is not trusted with the work. Throws {@link ClaimRefused} where it may
 * not be made: trust may have been lost, and an Approval taken back, since it was decided.
 */
export function claimEvents(
  subject: SubjectName,
  state: IssueState,
  agent: Claimant,
  assignment: Assignment,
): DomainEvent[] {
  const scopes = consentsToClaim(state, agent, termsOf(subject, agent));
  if (scopes === null) throw new ClaimRefused(subject.name, agent.name, null);
  const consents = scopes.map((scope) => {
    const consent = agent.consents?.recent(subject.id, state, scope) ?? null;
    if (consent === null) throw new ClaimRefused(subject.name, agent.name, scope);
    return consent;
  });
  return decideAssignment(assignment, `${agent.name} has a free slot.`, {
    kind: firstKind(subject, state, agent),
    consents,
  });
}

/** What the first task of a claim does, by what the tiers ask now. Throws {@link ClaimRefused} where that is not known. */
export function firstKind(subject: SubjectName, state: IssueState, agent: Claimant): 'plan' | 'implement' {
  return firstTask(state, termsOf(subject, agent));
}

function termsOf(subject: SubjectName, agent: Claimant): TierTable | undefined {
  const terms = agent.termsOf?.(subject);
  if (terms === null) throw new ClaimRefused(subject.name, agent.name, null);
  return terms;
}

/** A new work claim of an issue and its first task, under the names that both always have. */
export function assignmentOf(
  subject: SubjectName,
  attempt: number,
  agent: AgentRef,
  fence: string,
  kind: 'implement' | 'prepare' | 'plan' = 'implement',
): Assignment {
  return {
    claim: randomUUID(),
    agent: { name: agent.name, uid: agent.uid },
    attempt,
    fence,
    branch: branchName(subject.name, attempt),
    task: taskName(subject.name, kind, attempt, 1),
  };
}

/** Dispatches a further task, if its Agent has a free slot and the lane is as the decision saw it. Answers whether it did. */
export async function dispatchTask(
  log: IssueLog,
  subject: SubjectName,
  decidedAt: number,
  wanted: { kind: 'rework' | 'review'; agent: Claimant; headSHA: string; why: string },
  leader: Leadership,
  cause: Cause,
): Promise<boolean> {
  const { value } = await log.record(subject, cause, async (state, tx) => {
    if (state.version !== decidedAt) return { events: [], value: false };
    if (!(await hasSlot(tx, wanted.agent))) return { events: [], value: false };
    const task = taskName(subject.name, wanted.kind, state.lastWork?.attempt ?? 1, nextRound(state, wanted.kind));
    const claim = wanted.kind === 'rework' ? state.work!.id : randomUUID();
    const agent = { name: wanted.agent.name, uid: wanted.agent.uid };
    const fence = await nextFence(tx, leader);
    return { events: decideDispatch(state, { ...wanted, agent, claim, fence, task }), value: true };
  });
  return value;
}

/**
 * Gives an Agent with a free slot a claim of its own to prepare beside the person who drives the issue, if nothing has changed since that was decided.
 * Answers whether it did.
 */
export async function claimPreparation(
  log: IssueLog,
  subject: SubjectName,
  decidedAt: number,
  { agent, why }: { agent: Claimant; why: string },
  leader: Leadership,
  cause: Cause,
): Promise<boolean> {
  const { value } = await log.record(subject, cause, async (state, tx) => {
    if (state.version !== decidedAt || !isAsked(state)) return { events: [], value: false };
    if (!(await hasSlot(tx, agent))) return { events: [], value: false };
    const attempt = nextAttempt(state, await attemptsBefore(tx, subject));
    const assignment = assignmentOf(subject, attempt, agent, await nextFence(tx, leader), 'prepare');
    return { events: decideAssignment(assignment, why, { kind: 'prepare' }), value: true };
  });
  return value;
}

/** The highest attempt that is known under the issue's name. */
async function attemptsBefore(tx: Tx, { namespace, name }: SubjectName): Promise<number> {
  const { rows } = await tx.query('SELECT attempt FROM attempts WHERE namespace = $1 AND issue = $2', [
    namespace,
    name,
  ]);
  return rows[0]?.attempt ?? 0;
}

/** Locks the Agent's row until the transaction ends, so that what it runs stays as it is counted. */
async function hasSlot(tx: Tx, agent: Claimant): Promise<boolean> {
  const { rows } = await tx.query('SELECT lock_slot($1) AS running', [agent.uid]);
  return rows[0].running < agent.concurrency;
}

/** Read after the stream's state, so that the fences of one stream grow. Throws StaleEpoch for one who no longer leads. */
async function nextFence(tx: Tx, leader: Leadership): Promise<string> {
  const { rows } = await tx.query(`SELECT nextval('fences') AS sequence, epoch FROM leadership`);
  const { sequence, epoch } = rows[0];
  requireEpoch(leader, epoch);
  return formatFence({ epoch, sequence: Number(sequence) });
}

/** Throws StaleEpoch for one who no longer leads. */
export function requireEpoch(leader: Leadership, epoch: number): void {
  if (epoch !== leader.epoch)
    throw new EventsError('StaleEpoch', `Epoch ${leader.epoch} may not claim: the leader's is ${epoch}.`);
}
