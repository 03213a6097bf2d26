import { effectiveGrade, NO_AGENT_PASSES } from '#domain';
import type { ThreadsRequest, ThreadsResponse, VerdictRequest, VerdictResponse } from '#lib/conductor';
import { isEventsError } from '#lib/events';
import type { Actor, NewReview } from '#lib/forge';
import { HttpError } from '#lib/http';
import type { ForgeWrites, Target } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { readPullRequest } from '../issues/merge.ts';
import type { TaskCall } from './caller.ts';
import { record, requireLane, targetOf } from './deliver.ts';
import { reviewerIds } from './reviewers.ts';

/** POST …/verdict: submitted for the head the task was given, and dropped if that is no longer the head. */
export async function submitVerdict(
  conductor: Conductor,
  call: TaskCall,
  request: VerdictRequest,
): Promise<VerdictResponse> {
  requireLane(call, 'review');
  const { state, task } = call;
  const event = request.verdict === 'approve' ? ('APPROVE' as const) : ('REQUEST_CHANGES' as const);
  if (event === 'APPROVE' && effectiveGrade(state)?.tier === 'T3') return refuseApproval(conductor, call);
  const number = state.pullRequest?.number;
  const { headSHA } = task;
  if (number === undefined || headSHA === null)
    throw new HttpError('Conflict', 'NoPullRequest', 'There is no pull request to review.');
  const { live } = await readPullRequest(conductor, call.repository, number, headSHA);
  if (live.head.sha !== headSHA) return { submitted: false, reason: 'HeadMoved' };
  const target = await targetOf(conductor, call);
  const review = { commitSHA: headSHA, event, body: request.body, comments: request.comments };
  const made = await submit(conductor.writes, target, number, call.identity.uid, review);
  const { live: after } = await readPullRequest(conductor, call.repository, number, headSHA);
  // A call that is repeated after a crash finds the review that was made, whatever it says this time.
  const submitted = after.reviews.find((one) => one.id === made.id)?.state;
  await record(conductor, call, {
    type: 'reviewed',
    passed: event === 'APPROVE' && (submitted === undefined || submitted === 'approved'),
    headSHA,
    by: made.author,
    review: made.id,
    threads: request.comments.length,
  });
  return { submitted: true, reason: null };
}

/** An agent's approval of T3 work is not even sent to the forge, and the log tells that it was tried. */
async function refuseApproval(conductor: Conductor, call: TaskCall): Promise<VerdictResponse> {
  await record(conductor, call, { type: 'declined', message: NO_AGENT_PASSES });
  return { submitted: false, reason: 'IrreversibleTier' };
}

/**
 * A forge takes line comments only on lines of the diff, and refuses the whole review for one that is not. Then the comments go into the
 * review's text: a verdict is not lost because of where a remark was put.
 */
async function submit(
  writes: ForgeWrites,
  target: Target,
  number: number,
  task: string,
  review: NewReview,
): Promise<{ id: number; author: Actor }> {
  try {
    return await writes.review(target, number, task, review);
  } catch (error) {
    if (!isEventsError(error, 'EffectRefused') || review.comments.length === 0) throw error;
    const placed = review.comments.map((one) => `**${one.path}:${one.line}**\n\n${one.body}`);
    const body = [review.body, ...placed].join('\n\n').slice(0, 60_000);
    return writes.review(target, number, `${task}/text`, { ...review, body, comments: [] });
  }
}

/**
 * POST …/threads. A work task resolves what the reviewer asked, a review task reopens what is not fixed; a thread that a person opened is
 * neither's to close.
 */
export async function settleThreads(
  conductor: Conductor,
  call: TaskCall,
  request: ThreadsRequest,
): Promise<ThreadsResponse> {
  if (request.resolve.length > 0) requireLane(call, 'work');
  if (request.reopen.length > 0) requireLane(call, 'review');
  const number = call.state.pullRequest?.number;
  if (number === undefined) throw new HttpError('Conflict', 'NoPullRequest', 'There is no pull request with threads.');
  const { live } = await readPullRequest(conductor, call.repository, number);
  const reviewers = await reviewerIds(conductor, call);
  for (const { id } of [...request.resolve, ...request.reopen]) {
    const thread = live.threads.find((one) => one.id === id);
    if (thread === undefined)
      throw new HttpError('Unprocessable', 'ThreadMissing', `Pull request #${number} has no thread ${id}.`);
    const owner = thread.comments[0]?.author;
    if (owner === undefined || !reviewers.has(owner.id))
      throw new HttpError(
        'Forbidden',
        'ThreadOfAPerson',
        `Thread ${id} was opened by ${owner?.login ?? 'somebody'}; only that account resolves it.`,
      );
  }
  const target = await targetOf(conductor, call);
  const key = (id: string) => `${call.identity.uid}/${id}`;
  for (const { id, reply } of request.resolve)
    await conductor.writes.settleThread(target, id, key(id), { to: 'resolved', reply });
  for (const { id, reply } of request.reopen)
    await conductor.writes.settleThread(target, id, key(id), { to: 'open', reply });
  await readPullRequest(conductor, call.repository, number);
  const resolved = request.resolve.map((one) => one.id);
  const reopened = request.reopen.map((one) => one.id);
  await record(conductor, call, { type: 'threadsResolved', threads: resolved, by: call.task.agent.name });
  await record(conductor, call, { type: 'threadsReopened', threads: reopened, by: call.task.agent.name });
  return { resolved, reopened };
}
