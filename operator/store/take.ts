import { formatFence, nextAttempt } from '#domain';
import { DbError, isUnavailable, sqlState, type Tx, transaction } from '#lib/db';
import { EventsError, isEventsError } from '#lib/events';
import { assignmentOf, type Claimant, ClaimRefused, claimEvents, firstKind, type Leadership } from './claims.ts';
import { Gathering } from './gathering.ts';
import type { Cause, IssueLog } from './log.ts';
import type { SubjectName } from './project.ts';

/** What `take_queued` answers: `task` where it was given one before, the rest where it took one. */
interface Taken {
  readonly outcome: 'given' | 'full' | 'none' | 'taken';
  readonly task: string;
  readonly subject: string;
  readonly namespace: string;
  readonly issue: string;
  readonly version: number;
  readonly sequence: number;
  readonly epoch: number;
  /** The highest attempt that is known under the issue's name. */
  readonly before: number | null;
}

const TAKE = {
  name: 'take_queued',
  text: `SELECT t.*, (SELECT attempt FROM attempts a WHERE a.namespace = t.namespace AND a.issue = t.issue) AS before
    FROM take_queued($1, $2, $3) t`,
};
const TAKE_MANY = {
  name: 'take_queued_many',
  text: `SELECT t.*, (SELECT attempt FROM attempts a WHERE a.namespace = t.namespace AND a.issue = t.issue) AS before
    FROM unnest($1::text[], $2::int[], $3::bool[]) WITH ORDINALITY AS asked (agent, slots, again, n),
      LATERAL take_queued(asked.agent, asked.slots, asked.again) t ORDER BY n`,
};

/** Told of an issue that was queued and could not be claimed: its entry is gone, and it has to be decided again. */
export type OnDropped = (subject: SubjectName, error: unknown) => void;

type Answer = { readonly task: string; readonly subject: SubjectName | null } | 'none' | 'full';

/**
 * Claims the best queued issue for an Agent, in one transaction: critical first, then oldest. The Agent's row is locked, so its
 * concurrency holds whatever arrives at once; the queue row is locked with SKIP LOCKED, so two claimers take two issues; an entry whose
 * stream has moved since it was decided is dropped, to be decided again, and so is one that cannot be claimed, for whatever is wrong with it:
 * it would stay first for ever. Answers the issue claimed, or why none was. Throws StaleEpoch for a leader that was followed by another.
 */
export async function claimNext(
  log: IssueLog,
  agent: Claimant,
  leader: Leadership,
  cause: Cause,
  onDropped: OnDropped = () => {},
): Promise<SubjectName | 'none' | 'full'> {
  const answer = await take(log, { agent, leader, cause, again: false, onDropped });
  return typeof answer === 'string' ? answer : answer.subject!;
}

/**
 * The name of the task that an Agent which asks for its work does next: one that it was given and has not started, else the first of a new
 * claim as in {@link claimNext}. Asking twice, at once or over and over, answers the same until it is started. Any replica may ask, in the
 * present epoch.
 */
export async function nextTask(
  log: IssueLog,
  agent: Claimant,
  cause: Cause,
): Promise<{ readonly task: string } | 'none' | 'full'> {
  // The leader looks at what was dropped when it looks at every issue that waits.
  return take(log, { agent, leader: null, cause, again: true, onDropped: () => {} });
}

interface Taking {
  readonly agent: Claimant;
  readonly leader: Leadership | null;
  readonly cause: Cause;
  readonly again: boolean;
  readonly onDropped: OnDropped;
}

/** Claims asked for at once in this process: those that come while others are under way share a transaction. */
const gatherings = new WeakMap<IssueLog, Gathering<Taking, Answer>>();

function take(log: IssueLog, taking: Taking): Promise<Answer> {
  let gathering = gatherings.get(log);
  if (gathering === undefined) {
    gathering = new Gathering({
      name: ({ agent }) => agent.uid,
      run: (batch) => takeEach(log, batch),
      holdsFor: alsoNothing,
    });
    gatherings.set(log, gathering);
  }
  return gathering.ask(taking);
}

/** That an Agent has no free place, or nothing is queued for it, is told once to all who had asked: ten thousand issues may wait for one Agent. */
function alsoNothing(answer: Answer, asked: Taking, other: Taking): boolean {
  const nothing = answer === 'full' || answer === 'none';
  return nothing && asked.again === other.again && asked.agent.concurrency === other.agent.concurrency;
}

/** All in one transaction where that goes well, and whoever it does not go well for, or all of them, in one of its own. */
async function takeEach(log: IssueLog, batch: readonly Taking[]): Promise<PromiseSettledResult<Answer>[]> {
  const together = batch.length > 1 ? await takeTogether(log, batch).catch(() => []) : [];
  return Promise.allSettled(
    batch.map((taking, at) => {
      const answer = together[at] ?? 'moved';
      return answer === 'moved' ? takeAlone(log, taking) : answer;
    }),
  );
}

/** The Agents' rows are locked in one order for everybody. Throws where any of the claims may not be made, and then makes none. */
async function takeTogether(log: IssueLog, batch: readonly Taking[]): Promise<(Answer | 'moved')[]> {
  const order = batch.map((_, at) => at).sort((a, b) => (batch[a]!.agent.uid < batch[b]!.agent.uid ? -1 : 1));
  const sorted = order.map((at) => batch[at]!);
  const answers = await transaction(log.pool, async (tx) => {
    const values = [
      sorted.map(({ agent }) => agent.uid),
      sorted.map(({ agent }) => agent.concurrency),
      sorted.map(({ again }) => again),
    ];
    const { rows } = await tx.query<Taken>({ ...TAKE_MANY, values });
    const claimed = await Promise.allSettled(sorted.map((taking, at) => claimRow(log, tx, taking, rows[at]!, true)));
    return claimed.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  });
  return batch.map((_, at) => answers[order.indexOf(at)]!);
}

async function takeAlone(log: IssueLog, taking: Taking): Promise<Answer> {
  for (;;) {
    let repeated = false;
    let row: Taken | undefined;
    try {
      const taken = await log.retrying(() => {
        // What this process remembers saves a read; after a conflict it is not trusted.
        const trusted = !repeated;
        repeated = true;
        return transaction(log.pool, async (tx) => {
          row = undefined;
          row = await takeRow(tx, taking);
          return claimRow(log, tx, taking, row, trusted);
        });
      });
      if (taken !== 'moved') return taken;
    } catch (error) {
      if (row?.outcome !== 'taken' || !isOfRow(error)) throw error;
      if (await isApproved(taking, row, error)) continue;
      await drop(log, row);
      taking.onDropped(subjectOf(row), error);
    }
  }
}

/** Whether only what a person approved had to be verified once more, and it holds: then the claim is tried again at once. */
async function isApproved({ agent }: Taking, row: Taken, error: unknown): Promise<boolean> {
  if (!(error instanceof ClaimRefused) || error.scope === null || agent.consents === undefined) return false;
  // What cannot be verified now is decided anew, where a person reads why it waits.
  const confirmed = await agent.consents.confirm(subjectOf(row), error.scope).catch(() => null);
  return confirmed !== null;
}

/** Whether an error that came up behind a row is the row's: any would take its turn and fail, where the database or the leader is at fault. */
function isOfRow(error: unknown): boolean {
  if (isUnavailable(error) || error instanceof DbError || isEventsError(error, 'StaleEpoch')) return false;
  const state = sqlState(error);
  // 22 and 23: data and constraints; others tell of time, space and rights.
  return state === undefined || /^2[23]/.test(state);
}

/** The same decision alone: one that was renewed meanwhile has its turn. */
async function drop({ pool }: IssueLog, { subject, version }: Taken): Promise<void> {
  await pool.query('DELETE FROM queue WHERE subject = $1 AND version = $2', [subject, version]);
}

function subjectOf({ subject, namespace, issue }: Taken): SubjectName {
  return { id: subject, namespace, name: issue };
}

async function takeRow(tx: Tx, { agent, again }: Taking): Promise<Taken> {
  return (await tx.query({ ...TAKE, values: [agent.uid, agent.concurrency, again] })).rows[0];
}

async function claimRow(
  log: IssueLog,
  tx: Tx,
  { agent, leader, cause }: Taking,
  taken: Taken,
  trusted: boolean,
): Promise<Answer | 'moved'> {
  if (taken.outcome === 'given') return { task: taken.task, subject: null };
  if (taken.outcome !== 'taken') return taken.outcome;
  if (leader !== null && leader.epoch !== taken.epoch)
    throw new EventsError('StaleEpoch', `Epoch ${leader.epoch} may not claim: the leader's is ${taken.epoch}.`);
  const subject = subjectOf(taken);
  const known = trusted ? log.remembered(subject.id, taken.version) : undefined;
  const state = known ?? (await log.load(subject, tx));
  if (state.version !== taken.version || state.work !== null) return 'moved';
  const assignment = assignmentOf(
    subject,
    nextAttempt(state, taken.before ?? 0),
    agent,
    formatFence(taken),
    firstKind(subject, state, agent),
  );
  const events = claimEvents(subject, state, agent, assignment);
  await log.appendIn(tx, subject, cause, state, events, { queued: false });
  return { task: assignment.task, subject };
}
