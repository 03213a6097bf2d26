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
import { type Tx, transaction } from '#lib/db';
import { EventsError } from '#lib/events';
import type { Draft } from './draft.ts';
import { Gathering } from './gathering.ts';
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
          const assignment = assignmentOf(entry.subject, nextAttempt(state, before), agent, fence);
          const events = decideAssignment(assignment, `${agent.name} has a free slot.`);
          return { events, value: { holder: agent, full } };
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
