import { decideAssignment, formatFence, nextAttempt } from '#domain';
import { type Tx, transaction } from '#lib/db';
import { EventsError } from '#lib/events';
import { assignmentOf, type Claimant, type Leadership } from './claims.ts';
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
}

const TAKE = { name: 'take_queued', text: 'SELECT * FROM take_queued($1, $2, $3)' };

type Answer = { readonly task: string; readonly subject: SubjectName | null } | 'none' | 'full';

/**
 * Claims the best queued issue for an Agent, in one transaction: critical first, then oldest. The Agent's row is locked, so its
 * concurrency holds whatever arrives at once; the queue row is locked with SKIP LOCKED, so two claimers take two issues; an entry whose
 * stream has moved since it was decided is dropped, to be decided again. Answers the issue claimed, or why none was. Throws StaleEpoch for
 * a leader that was followed by another.
 */
export async function claimNext(
  log: IssueLog,
  agent: Claimant,
  leader: Leadership,
  cause: Cause,
): Promise<SubjectName | 'none' | 'full'> {
  const answer = await take(log, { agent, leader, cause, again: false });
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
  return take(log, { agent, leader: null, cause, again: true });
}

interface Taking {
  readonly agent: Claimant;
  readonly leader: Leadership | null;
  readonly cause: Cause;
  readonly again: boolean;
}

async function take(log: IssueLog, taking: Taking): Promise<Answer> {
  for (;;) {
    let repeated = false;
    const taken = await log.retrying(() => {
      // What this process remembers saves a read; after a conflict it is not trusted.
      const trusted = !repeated;
      repeated = true;
      return transaction(log.pool, (tx) => takeOne(log, tx, taking, trusted));
    });
    if (taken !== 'moved') return taken;
  }
}

async function takeOne(
  log: IssueLog,
  tx: Tx,
  { agent, leader, cause, again }: Taking,
  trusted: boolean,
): Promise<Answer | 'moved'> {
  const { rows } = await tx.query({ ...TAKE, values: [agent.uid, agent.concurrency, again] });
  const taken = rows[0] as Taken;
  if (taken.outcome === 'given') return { task: taken.task, subject: null };
  if (taken.outcome !== 'taken') return taken.outcome;
  if (leader !== null && leader.epoch !== taken.epoch)
    throw new EventsError('StaleEpoch', `Epoch ${leader.epoch} may not claim: the leader's is ${taken.epoch}.`);
  const subject = { id: taken.subject, namespace: taken.namespace, name: taken.issue };
  const known = trusted ? log.remembered(subject.id, taken.version) : undefined;
  const state = known ?? (await log.load(subject, tx));
  if (state.version !== taken.version || state.work !== null) return 'moved';
  const assignment = assignmentOf(subject, nextAttempt(state), agent, formatFence(taken));
  const events = decideAssignment(assignment, `${agent.name} has a free slot.`);
  await log.appendIn(tx, subject, cause, state, events, { queued: false });
  return { task: assignment.task, subject };
}
