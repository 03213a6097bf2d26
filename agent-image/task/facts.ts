import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Assignment, TaskCalls } from '#lib/conductor';
import { TaskFailure } from '../failure.ts';
import type { SystemFacts } from '../prompt/index.ts';
import { parseRigfile, RIGFILE, type Rigfile } from '../rigfile/index.ts';
import type { Session } from '../session/index.ts';
import type { Settings } from '../settings/index.ts';
import { openWorkspace, type Workspace } from '../workspace/index.ts';

const MAX_INSTRUCTIONS = 100_000;

/** Clones and lays out the worktree the task works in. */
export async function workspaceOf(assignment: Assignment, settings: Settings, session: Session): Promise<Workspace> {
  const { task, git, agent, pullRequest } = assignment;
  const root = await realRoot(settings.workDir);
  return openWorkspace({
    folder: join(root, `${task.namespace}.${task.name}`),
    gateway: { url: settings.conductorURL + git.path, token: session.conductorToken },
    branch: git.branch,
    baseRef: git.baseRef,
    baseSHA: git.baseSHA,
    startSHA: task.kind === 'review' ? (pullRequest?.headSHA ?? git.branchSHA) : git.branchSHA,
    author: { name: agent.name, email: `${agent.name.toLowerCase()}@agents.rig.dashecorp.com` },
    task: `${task.namespace}/${task.name}`,
    signal: session.signal,
  });
}

async function realRoot(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return realpath(folder);
}

/** What the base commit says about how to work. A configuration that is wrong is told on the issue, then ends the task. */
export async function repositoryFacts(
  assignment: Assignment,
  workspace: Workspace,
  calls: TaskCalls,
): Promise<SystemFacts> {
  const rigfile = await readRigfile(workspace, calls);
  const instructions = await workspace.readAtBase('AGENTS.md');
  return {
    assignment,
    rigfile,
    instructions: instructions?.slice(0, MAX_INSTRUCTIONS),
    testCommand: rigfile.testCommand ?? assignment.defaults.testCommand,
    buildCommand: rigfile.buildCommand ?? assignment.defaults.buildCommand,
  };
}

async function readRigfile(workspace: Workspace, calls: TaskCalls): Promise<Rigfile> {
  try {
    return parseRigfile(await workspace.readAtBase(RIGFILE), workspace.baseSHA);
  } catch (error) {
    if (error instanceof TaskFailure && error.reason === 'BadRigfile')
      await calls.comment({ key: 'bad-rigfile', target: 'issue', body: error.message });
    throw error;
  }
}
