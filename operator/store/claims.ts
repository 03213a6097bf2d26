import { randomUUID } from 'node:crypto';
import { childName } from '#crds';
import {
  type AgentRef,
  type Assignment,
  type DomainEvent,
  decideAssignment,
  decideDispatch,
  formatFence,
  type IssueState,
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
    await lockSlots(tx, agents);
    for (const agent of agents)
      if ((await hasSlot(tx, agent)) && !(await isBetterQueued(tx, agent, entry)))
        return { events: await assign(tx, entry.subject, state, agent, leader), value: agent };
    await enqueue(tx, { ...entry, version: state.version });
    return { events: [], value: null };
  });
  return holder ?? null;
}

/** Whether the Agent has to take another issue first. */
async function isBetterQueued(tx: Tx, agent: Claimant, entry: Omit<QueueEntry, 'version'>): Promise<boolean> {
  const { rowCount } = await tx.query(
    'SELECT FROM queue WHERE $1 = ANY(candidates) AND subject <> $2 AND (priority, filed_at) < ($3, $4) LIMIT 1',
    [agent.uid, entry.subject.id, entry.priority, new Date(entry.filedAt)],
  );
  return rowCount !== 0;
}

async function assign(
  tx: Tx,
  subject: SubjectName,
  state: IssueState,
  agent: Claimant,
  leader: Leadership,
): Promise<DomainEvent[]> {
  const assignment = assignmentOf(subject, nextAttempt(state), agent, await nextFence(tx, leader));
  return decideAssignment(assignment, `${agent.name} has a free slot.`);
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
    await lockSlots(tx, [wanted.agent]);
    if (!(await hasSlot(tx, wanted.agent))) return { events: [], value: false };
    const task = taskName(subject.name, wanted.kind, state.lastWork?.attempt ?? 1, nextRound(state, wanted.kind));
    const claim = wanted.kind === 'rework' ? state.work!.id : randomUUID();
    const agent = { name: wanted.agent.name, uid: wanted.agent.uid };
    const fence = await nextFence(tx, leader);
    return { events: decideDispatch(state, { ...wanted, agent, claim, fence, task }), value: true };
  });
  return value;
}

/** Locks the Agents' rows until the transaction ends, in one order for everybody, so that what they run can be counted. */
async function lockSlots(tx: Tx, agents: readonly Claimant[]): Promise<void> {
  const uids = agents.map(({ uid }) => uid);
  const lock = () =>
    tx.query('SELECT FROM agent_slots WHERE agent_uid = ANY($1) ORDER BY agent_uid FOR UPDATE', [uids]);
  if ((await lock()).rowCount === uids.length) return;
  await tx.query(
    'INSERT INTO agent_slots (agent_uid) SELECT uid FROM unnest($1::text[]) uid ORDER BY uid ON CONFLICT DO NOTHING',
    [uids],
  );
  await lock();
}

/** Whether the Agent runs fewer tasks than it may; true for as long as its row is locked. */
async function hasSlot(tx: Tx, agent: Claimant): Promise<boolean> {
  const { rows } = await tx.query(
    'SELECT count(*)::int AS running FROM tasks WHERE agent_uid = $1 AND ended_at IS NULL',
    [agent.uid],
  );
  return rows[0].running < agent.concurrency;
}

/** Read after the stream's state, so that the fences of one stream grow. Throws StaleEpoch for one who no longer leads. */
async function nextFence(tx: Tx, leader: Leadership): Promise<string> {
  const { rows } = await tx.query(`SELECT nextval('fences') AS sequence, epoch FROM leadership`);
  const { sequence, epoch } = rows[0];
  if (epoch !== leader.epoch)
    throw new EventsError('StaleEpoch', `Epoch ${leader.epoch} may not claim: the leader's is ${epoch}.`);
  return formatFence({ epoch, sequence: Number(sequence) });
}
