import { branchBefore, isKnownStart, type Start, type TracedStart } from '#domain';
import { forwardedFrom } from '../gateway/forwarded.ts';
import { readAgents } from '../issues/agents.ts';
import type { Conductor } from '../issues/context.ts';
import { repositoryName } from '../repositories/name.ts';
import type { TaskCall } from './caller.ts';
import { record } from './deliver.ts';

/**
 * Where the work of a task on `branch` starts: at the tip of that branch, else at that of the attempt before with what people pushed there, else at
 * the head it had by the log; null where nothing was pushed yet. For a task that works, an answer that is not its own claim's push is in the log
 * before it is given, once for each head: who made what it goes on from decides whose success the change is.
 */
export async function startOf(conductor: Conductor, call: TaskCall, branch: string): Promise<string | null> {
  const start = await findStart(conductor, call, branch);
  if (start === null) return null;
  if (call.task.lane === 'work') await tell(conductor, call, start);
  return start.headSHA;
}

/** Has a later attempt that nobody told where to start told of before its first push: it may have read there all the same. */
export async function requireStartTold(conductor: Conductor, call: TaskCall, branch: string): Promise<void> {
  if (call.state.continuedFrom.length === 0 && branchBefore(call.state) !== null)
    await startOf(conductor, call, branch);
}

async function findStart(conductor: Conductor, call: TaskCall, branch: string): Promise<Start | null> {
  const { forge } = await conductor.forges.forRepository(call.repository);
  const repo = repositoryName(call.repository);
  const before = branchBefore(call.state);
  for (const name of new Set([branch, ...(before === null ? [] : [before])])) {
    const headSHA = await forge.branchSHA(repo, name);
    if (headSHA !== null) return { branch: name, headSHA };
  }
  const last = call.state.forwarded.at(-1);
  return last === undefined ? null : { branch: last.branch, headSHA: last.sha };
}

async function tell(conductor: Conductor, call: TaskCall, start: Start): Promise<void> {
  if (isKnownStart(call.state, start)) return;
  const made = await forwardedFrom(conductor.log.pool, call.subject.id, start.branch, start.headSHA);
  const pusher = await pusherOf(conductor, call, start);
  await record(conductor, call, { type: 'continued', ...start, moved: made !== undefined, ...pusher });
}

async function pusherOf(
  conductor: Conductor,
  { key, subject, repository }: TaskCall,
  { branch, headSHA }: Start,
): Promise<Pick<TracedStart, 'by' | 'machine'>> {
  const pushed = await conductor.mirror.pusherOf(conductor.log.pool, key, headSHA, branch);
  if (!pushed.known) return { by: null };
  const by = pushed.value;
  const [{ accounts }, { actor }] = await Promise.all([
    readAgents(conductor, subject.namespace, repository),
    conductor.forges.forRepository(repository),
  ]);
  return accounts.has(by.id) || actor.id === by.id ? { by, machine: true } : { by };
}
