import { hash } from 'node:crypto';
import { decideReport, type IssueState, pullRequestBody, pullRequestTitle, type Report } from '#domain';
import type {
  CommentRequest,
  CommentResponse,
  PullRequestRequest,
  PullRequestResponse,
  TaskEvent,
} from '#lib/conductor';
import type { Queryable } from '#lib/db';
import { HttpError } from '#lib/http';
import { NoLongerAsked } from '../forges/outdated.ts';
import { marker, type Target } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { readPullRequest } from '../issues/merge.ts';
import { mustBeOpen, repositoryName } from '../repositories/name.ts';
import type { TaskIdentity } from '../tokens/signer.ts';
import { deadFence, isLive, liveCall, type TaskCall } from './caller.ts';

/**
 * Appends what a report says, under the caller's fence; a fence that died meanwhile is refused. `id` names the report within its task:
 * one that is in the log already adds nothing.
 */
export async function record(
  conductor: Conductor,
  call: TaskCall,
  report: Report,
  id: string | undefined = nameOf(report),
): Promise<void> {
  const caller = { task: call.task.name, fence: call.task.fence };
  const cause = {
    actor: { kind: 'task', name: call.task.name },
    causation: { kind: 'task', id: id === undefined ? call.identity.uid : reportKey(call.identity, id) },
  } as const;
  await conductor.log.record(call.subject, cause, async (state: IssueState, tx) => {
    const told = id !== undefined && (await isReported(tx, call.identity, id));
    const decision = decideReport(state, caller, report);
    if (!told && !decision.accepted) throw deadFence(call.task.name);
    return { events: told || !decision.accepted ? [] : decision.events, value: undefined };
  });
}

/** A report that tells by itself what it is of, so that the same said again is one: a task settles a thread once in each direction. */
function nameOf(report: Report): string | undefined {
  if (report.type !== 'threadsResolved' && report.type !== 'threadsReopened') return undefined;
  return `${report.type}/${hash('sha256', [...report.threads].sort().join('\n'))}`;
}

function reportKey({ uid }: TaskIdentity, id: string): string {
  return `${uid}/${id}`;
}

async function isReported(db: Queryable, identity: TaskIdentity, id: string): Promise<boolean> {
  const { rows } = await db.query(
    `SELECT 1 FROM events WHERE stream = $1 AND meta -> 'causation' ->> 'id' = $2 LIMIT 1`,
    [identity.issue, reportKey(identity, id)],
  );
  return rows.length > 0;
}

/**
 * POST …/events. After the report that ends a task nothing more is taken from it: its fence is dead then. Only what it reported before
 * is answered as it was, because an answer may have been lost on the way.
 */
export async function reportEvents(
  conductor: Conductor,
  identity: TaskIdentity,
  events: readonly TaskEvent[],
): Promise<void> {
  for (const event of events) {
    if (await isReported(conductor.log.pool, identity, event.id)) continue;
    await record(conductor, await liveCall(conductor, identity), reportOf(event), event.id);
  }
}

function reportOf(event: TaskEvent): Report {
  switch (event.type) {
    case 'WORK_STARTED':
      return { type: 'started', model: event.data.model };
    case 'TASK_FINISHED':
      return { type: 'finished', ...event.data };
    case 'AGENT_STUCK':
      return { type: 'stuck', evidence: event.data.evidence };
    case 'ESCALATED':
      return { type: 'asked', question: event.data.question };
    case 'GUARD_BLOCKED':
      return { type: 'guardBlocked', ...event.data };
  }
}

/** Where the task's writes go: its repository, under its Agent's own forge identity. */
export async function targetOf(conductor: Conductor, call: TaskCall): Promise<Target> {
  mustBeOpen(call.repository);
  const { forge } = await conductor.forges.forAgent(call.agent, call.repository);
  return {
    forge,
    repo: repositoryName(call.repository),
    subject: call.subject.id,
  };
}

/**
 * POST …/pull-request: opens the one pull request of the work claim's branch, or rewrites its description. A claim that has ended by the time it would be
 * sent opens none; one that ends behind the sending is answered DeadFence, and the log is told of the pull request by the leader.
 */
export async function openPullRequest(
  conductor: Conductor,
  call: TaskCall,
  request: PullRequestRequest,
): Promise<PullRequestResponse> {
  requireLane(call, 'work');
  const { state, task, issue } = call;
  const head = state.forwarded.findLast((one) => one.attempt === task.attempt);
  if (head === undefined)
    throw new HttpError('Conflict', 'NothingPushed', 'The branch has no commit of this attempt yet; push first.');
  const target = await targetOf(conductor, call);
  const text = {
    title: pullRequestTitle(request),
    body: pullRequestBody(request, {
      issue: { name: issue.metadata.name!, number: state.spec!.number!, title: state.spec!.title },
      task: task.name,
      tier: state.classified?.tier ?? 'T3',
      taskClass: state.classified?.taskClass ?? 'unclassified',
      agent: task.agent.name,
      attempt: task.attempt,
      marker: marker('pull-request', `${call.subject.id}/${task.attempt}`),
    }),
  };
  const base = call.repository.spec.defaultBranch;
  // What was prepared is for a person to go on with, and to mark ready.
  const asked = { head: head.branch, headSHA: head.sha, base, draft: task.kind === 'prepare', ...text };
  const opened = await whileClaimed(conductor, call, (still) => conductor.writes.openPullRequest(target, asked, still));
  if (state.pullRequest?.number === opened.number)
    await conductor.writes.describePullRequest(target, opened.number, `${call.identity.uid}/${head.sha}`, text);
  await readPullRequest(conductor, call.repository, opened.number, head.sha);
  await record(conductor, call, { type: 'pullRequestOpened', ...opened, headSHA: head.sha, branch: head.branch });
  return { ...opened, headSHA: head.sha };
}

/** A write whose turn may come after the claim has ended: then it is not made, and the answer is that of a dead fence. */
async function whileClaimed<T>(
  conductor: Conductor,
  call: TaskCall,
  write: (still: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const dead = deadFence(call.task.name);
  const still = async () => {
    if (!(await isLive(conductor, call))) throw new NoLongerAsked(dead.message);
  };
  return write(still).catch((error: Error) => {
    throw error.cause instanceof NoLongerAsked ? dead : error;
  });
}

/** POST …/comments, once for (task, key). */
export async function comment(conductor: Conductor, call: TaskCall, request: CommentRequest): Promise<CommentResponse> {
  const number = request.target === 'issue' ? call.state.spec!.number : (call.state.pullRequest?.number ?? null);
  if (number === null) throw new HttpError('Conflict', 'NoPullRequest', 'There is no pull request to comment on yet.');
  const target = await targetOf(conductor, call);
  return conductor.writes.comment(target, number, `${call.identity.uid}/${request.key}`, request.body);
}

/** Writers of the branch and reviewers never do each other's part. */
export function requireLane(call: TaskCall, lane: 'work' | 'review'): void {
  if (call.task.lane !== lane || call.task.kind === 'plan')
    throw new HttpError('Forbidden', 'NotThisTask', `A ${call.task.kind} task may not do this.`);
}
