import { type DomainEvent, type EventData, parseFence, type StoredEvent } from '#domain';
import { isUniqueViolation, type Tx } from '#lib/db';
import { EventsError } from '#lib/events';
import { dequeue } from './queue.ts';

/** The subject a stream is about, as far as projections name it. */
export interface SubjectName {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
}

/** {@link project} for events that are appended together. A claim and its first task, which always come together, cost one statement. */
export async function projectAll(
  tx: Tx,
  subject: SubjectName,
  events: readonly StoredEvent[],
  taskDeadlineMs: number,
): Promise<void> {
  for (let at = 0; at < events.length; at += 1) {
    const [event, next] = [events[at]!, events[at + 1]];
    if (event.type === 'ISSUE_ASSIGNED' && next?.type === 'TASK_DISPATCHED') {
      await dispatchFirst(tx, subject, next, taskDeadlineMs, { ...event.data, lane: 'work', at: event.at });
      at += 1;
    } else await project(tx, subject, event, taskDeadlineMs);
  }
}

/** Applies one event to claims and tasks, inside the transaction that appends it. Replaying a log rebuilds the same rows. */
export async function project(tx: Tx, subject: SubjectName, event: StoredEvent, taskDeadlineMs: number): Promise<void> {
  switch (event.type) {
    case 'ISSUE_ASSIGNED':
      await claim(tx, subject, { ...event.data, lane: 'work', at: event.at });
      return void (await tx.query(COUNT_ATTEMPT, [subject.namespace, subject.name, event.data.attempt]));
    case 'REVIEW_ASSIGNED':
      return claim(tx, subject, { ...event.data, lane: 'review', attempt: 1, at: event.at });
    case 'ISSUE_UNASSIGNED':
      return endClaim(tx, subject, event.data.claim, event.data.reason, event.at);
    case 'TASK_DISPATCHED':
      return dispatch(tx, subject, event.data, event.at, taskDeadlineMs);
    case 'WORK_STARTED':
      await tx.query(
        'UPDATE tasks SET started_at = coalesce(started_at, $3), seen_at = greatest(seen_at, $3) WHERE namespace = $1 AND name = $2 AND ended_at IS NULL',
        [subject.namespace, event.data.task, new Date(event.at)],
      );
      return;
    case 'TASK_FINISHED':
      return endTask(tx, subject, event.data.task, event.at, { ...event.data, ending: event.data.result });
    case 'TASK_LOST':
      return endTask(tx, subject, event.data.task, event.at, { ...event.data, ending: 'lost' });
    case 'TASK_CANCELLED':
      return endTask(tx, subject, event.data.task, event.at, { ...event.data, ending: 'cancelled' });
    case 'AGENT_STUCK':
      return endTask(tx, subject, event.data.task, event.at, {
        ending: 'stuck',
        reason: 'TaskStuck',
        message: event.data.evidence,
      });
    case 'ESCALATED':
      return endTask(tx, subject, event.data.task, event.at, {
        ending: 'asked',
        reason: 'AskedForPerson',
        message: event.data.question,
      });
    default:
      return;
  }
}

const LEAVES_QUEUE = new Set<DomainEvent['type']>([
  'ISSUE_ASSIGNED',
  'HUMAN_GATE_TRIGGERED',
  'ISSUE_CANCELLED',
  'ISSUE_FAILED',
  'ISSUE_DONE',
  'MERGED',
  'ISSUE_EDITED',
  'COMMAND_ACCEPTED',
  'EPIC_PLANNED',
]);

/**
 * Takes the issue out of the queue where one of these events ends its eligibility. Called before they are appended: a claim locks the queue's
 * row first and appends then, and two that lock in opposite order would wait for each other.
 */
export async function leaveQueue(tx: Tx, subject: SubjectName, events: readonly DomainEvent[]): Promise<void> {
  if (events.some(({ type }) => LEAVES_QUEUE.has(type))) await dequeue(tx, subject.id);
}

const COUNT_ATTEMPT = `INSERT INTO attempts AS known (namespace, issue, attempt) VALUES ($1, $2, $3)
  ON CONFLICT (namespace, issue) DO UPDATE SET attempt = greatest(known.attempt, excluded.attempt)`;

interface NewClaim {
  readonly claim: string;
  readonly agent: { readonly name: string; readonly uid: string };
  readonly lane: 'work' | 'review';
  readonly attempt: number;
  readonly at: number;
}

async function claim(tx: Tx, subject: SubjectName, { claim: id, agent, lane, attempt, at }: NewClaim): Promise<void> {
  await tx.query(
    'INSERT INTO claims (id, subject, lane, agent_name, agent_uid, attempt, claimed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [id, subject.id, lane, agent.name, agent.uid, attempt, new Date(at)],
  );
}

async function endClaim(tx: Tx, subject: SubjectName, id: string, reason: string, at: number): Promise<void> {
  await tx.query('UPDATE claims SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL', [
    id,
    new Date(at),
    reason,
  ]);
  await tx.query(
    `UPDATE tasks SET ended_at = $2, ending = 'cancelled', reason = $3, message = 'The claim ended.'
     WHERE subject = $4 AND claim = $1 AND ended_at IS NULL`,
    [id, new Date(at), reason, subject.id],
  );
}

/** The first task of a claim, with the claim. Throws EventsError `Concurrency` where another Issue of the same name was given the attempt meanwhile. */
async function dispatchFirst(
  tx: Tx,
  subject: SubjectName,
  { data, at }: Extract<StoredEvent, { type: 'TASK_DISPATCHED' }>,
  taskDeadlineMs: number,
  under: NewClaim,
): Promise<void> {
  try {
    await dispatch(tx, subject, data, at, taskDeadlineMs, under);
  } catch (cause) {
    if (!isUniqueViolation(cause, 'tasks_pkey')) throw cause;
    throw new EventsError('Concurrency', `Another Issue named ${subject.name} has had task ${data.task}.`, { cause });
  }
}

/** `under` is the claim where it is as new as the task. */
async function dispatch(
  tx: Tx,
  subject: SubjectName,
  data: EventData<'TASK_DISPATCHED'>,
  at: number,
  taskDeadlineMs: number,
  under?: NewClaim,
): Promise<void> {
  const fence = parseFence(data.fence)!;
  const claimed = `WITH claimed AS (
    INSERT INTO claims (id, subject, lane, agent_name, agent_uid, attempt, claimed_at) VALUES ($4, $3, $16, $7, $8, $17, $18)),
    counted AS (INSERT INTO attempts AS known (namespace, issue, attempt) VALUES ($1, $19, $17)
      ON CONFLICT (namespace, issue) DO UPDATE SET attempt = greatest(known.attempt, excluded.attempt))`;
  await tx.query({
    // Named, so that each session plans it once.
    name: under === undefined ? 'dispatch' : 'claim_and_dispatch',
    text: `${under === undefined ? '' : claimed}
     INSERT INTO tasks (namespace, name, subject, claim, lane, kind, agent_name, agent_uid, attempt, round, epoch, sequence, head_sha, deadline, dispatched_at, seen_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)`,
    values: [
      subject.namespace,
      data.task,
      subject.id,
      data.claim,
      data.lane,
      data.kind,
      data.agent.name,
      data.agent.uid,
      data.attempt,
      data.round,
      fence.epoch,
      fence.sequence,
      data.headSHA,
      new Date(at + taskDeadlineMs),
      new Date(at),
      ...(under === undefined ? [] : [under.lane, under.attempt, new Date(under.at), subject.name]),
    ],
  });
}

interface TaskEnding {
  readonly ending: string;
  readonly reason: string;
  readonly message: string;
  readonly tokens?: unknown;
}

/** A review claim lives as long as its one task; a work claim outlives its tasks. */
async function endTask(tx: Tx, subject: SubjectName, name: string, at: number, end: TaskEnding): Promise<void> {
  const { rows } = await tx.query(
    `UPDATE tasks SET ended_at = $3, ending = $4, reason = $5, message = $6, tokens = $7
     WHERE namespace = $1 AND name = $2 AND ended_at IS NULL RETURNING claim, lane`,
    [
      subject.namespace,
      name,
      new Date(at),
      end.ending,
      end.reason,
      end.message,
      end.tokens === undefined ? null : JSON.stringify(end.tokens),
    ],
  );
  if (rows[0]?.lane === 'review')
    await tx.query('UPDATE claims SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL', [
      rows[0].claim,
      new Date(at),
      end.ending,
    ]);
}
