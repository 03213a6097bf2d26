import { randomUUID } from 'node:crypto';
import { childName } from '#crds';
import {
  type AgentRef,
  type Assignment,
  decideAssignment,
  decideDispatch,
  formatFence,
  nextAttempt,
  nextRound,
  type TaskKind,
} from '#domain';
import type { Tx } from '#lib/db';
import { EventsError } from '#lib/events';
import type { Draft } from './draft.ts';
import type { Cause, IssueLog } from './log.ts';
import type { SubjectName } from './project.ts';
import { enqueue, type QueueEntry } from './queue.ts';

/** Leaves room for the suffix that a Job gives its pod. */
const TASK_NAME_MAX = 57;

/** An Agent as a claim needs it. */
export interface Claimant extends AgentRef {
  readonly concurrency: number;
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

/**
 * Writes what `draft` holds and gives its issue to the first of these Agents that has a free slot and for whom nothing better is queued, or
 * else puts it into the queue: one transaction. Answers who has it, or null for the queue. Throws EventsError as {@link Draft.commit}.
 */
export async function claimOrEnqueue(
  draft: Draft,
  entry: Omit<QueueEntry, 'version'>,
  agents: readonly Claimant[],
  leader: Leadership,
): Promise<Claimant | null> {
  const holder = await draft.commit<Claimant | null>(async (tx, state) => {
    const taken = agents.length === 0 ? null : await takeDirect(tx, entry, agents, leader);
    if (taken === null) {
      await enqueue(tx, { ...entry, version: state.version });
      return { events: [], value: null };
    }
    const assignment = assignmentOf(entry.subject, nextAttempt(state, taken.before), taken.agent, taken.fence);
    return { events: decideAssignment(assignment, `${taken.agent.name} has a free slot.`), value: taken.agent };
  });
  return holder ?? null;
}

interface DirectlyTaken {
  readonly agent: string | null;
  readonly epoch: number;
  readonly sequence: number;
  readonly before: number | null;
}

const TAKE_DIRECT = `SELECT t.*, (SELECT attempt FROM attempts WHERE namespace = $6 AND issue = $7) AS before FROM take_direct($1, $2, $3, $4, $5) t`;

/**
 * Who takes the issue now, under which fence, and the highest attempt `before` that is known under its name; null where it has to wait. Throws
 * StaleEpoch for a leader that was followed by another.
 */
async function takeDirect(
  tx: Tx,
  entry: Omit<QueueEntry, 'version'>,
  agents: readonly Claimant[],
  leader: Leadership,
): Promise<{ agent: Claimant; fence: string; before: number } | null> {
  const { rows } = await tx.query(TAKE_DIRECT, [
    agents.map(({ uid }) => uid),
    agents.map(({ concurrency }) => concurrency),
    entry.subject.id,
    entry.priority,
    new Date(entry.filedAt),
    entry.subject.namespace,
    entry.subject.name,
  ]);
  const { agent: uid, epoch, sequence, before } = rows[0] as DirectlyTaken;
  const agent = agents.find((one) => one.uid === uid);
  if (agent === undefined) return null;
  requireEpoch(leader, epoch);
  return { agent, fence: formatFence({ epoch, sequence }), before: before ?? 0 };
}

/** A new work claim of an issue and its first task, under the names that both always have. */
export function assignmentOf(subject: SubjectName, attempt: number, agent: Claimant, fence: string): Assignment {
  return {
    claim: randomUUID(),
    agent: { name: agent.name, uid: agent.uid },
    attempt,
    fence,
    branch: branchName(subject.name, attempt),
    task: taskName(subject.name, 'implement', attempt, 1),
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
