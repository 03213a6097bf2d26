import { randomUUID } from 'node:crypto';
import { childName } from '#crds';
import {
  type AgentRef,
  decideAssignment,
  decideDispatch,
  formatFence,
  nextAttempt,
  nextRound,
  type TaskKind,
} from '#domain';
import { type Tx, transaction } from '#lib/db';
import { EventsError } from '#lib/events';
import type { Cause, IssueLog } from './log.ts';
import type { SubjectName } from './project.ts';

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
 * Claims the best queued issue for an Agent, in one transaction: critical first, then oldest. The Agent's row is locked, so its
 * concurrency holds whatever arrives at once; the queue row is locked with SKIP LOCKED, so two claimers take two issues; an entry whose
 * stream has moved since it was decided is dropped, to be decided again. Answers the issue claimed, or why none was.
 */
export async function claimNext(
  log: IssueLog,
  agent: Claimant,
  leader: Leadership,
  cause: Cause,
): Promise<SubjectName | 'none' | 'full'> {
  for (;;) {
    const taken = await log.retrying(() => transaction(log.pool, (tx) => claimOne(log, tx, agent, leader, cause)));
    if (taken !== 'moved') return taken;
  }
}

async function claimOne(
  log: IssueLog,
  tx: Tx,
  agent: Claimant,
  leader: Leadership,
  cause: Cause,
): Promise<SubjectName | 'none' | 'full' | 'moved'> {
  if (!(await hasSlot(tx, agent))) return 'full';
  const { rows } = await tx.query(
    'SELECT subject, namespace, issue, version, message FROM queue WHERE $1 = ANY(candidates) ORDER BY priority, filed_at LIMIT 1 FOR UPDATE SKIP LOCKED',
    [agent.uid],
  );
  const row = rows[0];
  if (row === undefined) return 'none';
  const subject = { id: row.subject, namespace: row.namespace, name: row.issue };
  const state = await log.load(subject, tx);
  if (state.version !== row.version || state.work !== null) {
    await tx.query('DELETE FROM queue WHERE subject = $1', [subject.id]);
    return 'moved';
  }
  const attempt = nextAttempt(state);
  const assignment = {
    claim: randomUUID(),
    agent: { name: agent.name, uid: agent.uid },
    attempt,
    fence: await nextFence(tx, leader),
    branch: branchName(subject.name, attempt),
    task: taskName(subject.name, 'implement', attempt, 1),
  };
  await log.appendIn(tx, subject, cause, state, decideAssignment(assignment, `${agent.name} has a free slot.`));
  return subject;
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

/** Locks the Agent's row until the transaction ends, then counts what it runs. */
async function hasSlot(tx: Tx, agent: Claimant): Promise<boolean> {
  await tx.query('INSERT INTO agent_slots (agent_uid) VALUES ($1) ON CONFLICT DO NOTHING', [agent.uid]);
  await tx.query('SELECT 1 FROM agent_slots WHERE agent_uid = $1 FOR UPDATE', [agent.uid]);
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
