import type { Assignment, TaskCalls } from '#lib/conductor';
import { TaskFailure } from '../failure.ts';
import { type Origin, openOrigin } from '../origin/index.ts';
import type { SystemFacts } from '../prompt/index.ts';
import { parseRigfile, RIGFILE, type Rigfile } from '../rigfile/index.ts';
import { type AnswerTo, SandboxClient } from '../sandbox/index.ts';
import type { Session } from '../session/index.ts';
import type { Settings } from '../settings/index.ts';
import { near } from '../socket/index.ts';

const MAX_INSTRUCTIONS = 100_000;

/** Where a task works: the runtime's own repository, and the sandbox with the worktree. */
export interface Workplace {
  readonly origin: Origin;
  readonly sandbox: SandboxClient;
  /** As the sandbox calls its folders; for the guard alone. */
  readonly folders: AnswerTo<'open'>;
}

/** Clones, and has the sandbox lay out a worktree on the task's branch. */
export async function workplaceOf(assignment: Assignment, settings: Settings, session: Session): Promise<Workplace> {
  const { task, git, agent, pullRequest } = assignment;
  const { signal } = session;
  const author = { name: agent.name, email: `${agent.name.toLowerCase()}@agents.rig.dashecorp.com` };
  const marks = { author, task: `${task.namespace}/${task.name}` };
  const origin = await openOrigin({
    folder: settings.originDir,
    gateway: { url: settings.conductorURL + git.path, token: session.conductorToken },
    branch: git.branch,
    baseRef: git.baseRef,
    baseSHA: git.baseSHA,
    startSHA: task.kind === 'review' ? (pullRequest?.headSHA ?? git.branchSHA) : git.branchSHA,
    ...marks,
    signal,
  });
  const sandbox = new SandboxClient({ socket: near(settings.sandboxSocket) });
  const { baseSHA: base, startSHA: start } = origin;
  const folders = await sandbox.open({ branch: git.branch, base, start, ...marks }, signal);
  return { origin, sandbox, folders };
}

/** What the base commit says about how to work. A configuration that is wrong is told on the issue, then ends the task. */
export async function repositoryFacts(assignment: Assignment, origin: Origin, calls: TaskCalls): Promise<SystemFacts> {
  const rigfile = await readRigfile(origin, calls);
  const instructions = await origin.readAtBase('AGENTS.md');
  return {
    assignment,
    rigfile,
    instructions: instructions?.slice(0, MAX_INSTRUCTIONS),
    testCommand: rigfile.testCommand ?? assignment.defaults.testCommand,
    buildCommand: rigfile.buildCommand ?? assignment.defaults.buildCommand,
  };
}

async function readRigfile(origin: Origin, calls: TaskCalls): Promise<Rigfile> {
  try {
    return parseRigfile(await origin.readAtBase(RIGFILE), origin.baseSHA);
  } catch (error) {
    if (error instanceof TaskFailure && error.reason === 'BadRigfile')
      await calls.comment({ key: 'bad-rigfile', target: 'issue', body: error.message });
    throw error;
  }
}
