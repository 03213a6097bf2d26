import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assignment, TaskEvent } from '#lib/conductor';
import { Clone } from './clone.ts';
import { DeadFence, type Task } from './conductor.ts';

const BEAT_MS = 30_000;
const TOKENS = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** Works one task with a command, from its assignment to its report. Answers one sentence on how it ended. */
export async function work(task: Task, command: readonly string[], outside: AbortSignal): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pull-agent-'));
  const cancelled = new AbortController();
  const beating = setInterval(() => void beat(task, cancelled), BEAT_MS);
  try {
    const assignment = await task.assignment();
    if (assignment.task.kind === 'review') throw new Error('this client writes code; a review needs one that reads it');
    await task.report({ id: 'started', type: 'WORK_STARTED', data: { model: command[0]! } });
    const signal = AbortSignal.any([outside, cancelled.signal]);
    const work = assignment.task.kind === 'plan' ? planned : coded;
    const end = await work({ task, assignment, command, folder, signal });
    await task.report(end);
    return `${end.data.result}: ${end.data.message.split('\n')[0]}`;
  } catch (error) {
    if (cancelled.signal.aborted || error instanceof DeadFence) return 'its claim has ended';
    const message = `The client failed: ${(error as Error).message}`.slice(0, 4_000);
    await task.report(finished('failed', 'ClientFailed', message));
    return message;
  } finally {
    clearInterval(beating);
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly task: Task;
  readonly assignment: Assignment;
  readonly command: readonly string[];
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Code is what the command leaves in the clone. */
async function coded(work: Work): Promise<Finished> {
  const { task, assignment, command } = work;
  const { clone, ok, tail } = await commanded(work);
  if (!ok) return failed(tail);
  const { issue, threads } = assignment;
  const tip = await clone.deliver(issue.title);
  if (tip === null) return finished('failed', 'NothingChanged', 'The command ended with 0 and changed nothing.');
  const { url } = await task.openPullRequest({
    title: issue.title.slice(0, 256),
    what: `The work of \`${command[0]}\`.`,
    why: `Issue #${issue.number} asks for it.`,
    proof: tail,
    risk: '',
  });
  const open = threads.filter(({ resolved, mayResolve }) => !resolved && mayResolve);
  if (open.length > 0) await task.resolve(open.map(({ id }) => ({ id, reply: `See ${tip}.` })));
  return finished('succeeded', 'Delivered', `Pushed to ${url}.`);
}

/** A plan is what the command writes to the file RIG_PLAN; a person reads it before anything is changed. */
async function planned(work: Work): Promise<Finished> {
  const file = join(work.folder, 'plan.md');
  const { ok, tail } = await commanded(work, { RIG_PLAN: file });
  if (!ok) return failed(tail);
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text.trim() === '')
    return finished('failed', 'NoPlan', 'The command ended with 0 and wrote nothing to RIG_PLAN.');
  const { url } = await work.task.plan({ text });
  return finished('succeeded', 'PlanProposed', `The plan is at ${url}.`);
}

async function commanded({ task, assignment, command, folder, signal }: Work, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder, 'assignment.json');
  await writeFile(file, JSON.stringify(assignment, null, 2));
  const clone = await Clone.make(folder, task, assignment);
  return { clone, ...(await clone.run(command, { RIG_ASSIGNMENT: file, ...env }, signal)) };
}

type Finished = Extract<TaskEvent, { type: 'TASK_FINISHED' }>;

function finished(result: Finished['data']['result'], reason: string, message: string): Finished {
  return { id: 'finished', type: 'TASK_FINISHED', data: { result, reason, message, tokens: TOKENS } };
}

const failed = (tail: string) => finished('failed', 'CommandFailed', `The command did not end with 0:\n${tail}`);

/** A conductor that is away is asked again by the next beat; silence of five minutes would cost the task. */
async function beat(task: Task, cancelled: AbortController): Promise<void> {
  const stop = await task.beat().catch((error: unknown) => error instanceof DeadFence);
  if (stop) cancelled.abort();
}
