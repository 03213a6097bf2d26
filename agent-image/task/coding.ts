import { toolEnvironment } from '../exec/index.ts';
import { TaskFailure } from '../failure.ts';
import type { Judgement } from '../loop/index.ts';
import { threadHandles } from '../prompt/index.ts';
import { codingTools, type Ending, type Resolution, resolveThreadTool, Toolbox, toSend } from '../tools/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { converse } from './converse.ts';
import { repositoryFacts, workspaceOf } from './facts.ts';
import type { Outcome } from './outcome.ts';
import { type ProofDeps, prove } from './prove.ts';
import type { Running } from './run.ts';

const TEST_TIMEOUT_MS = 600_000;
const MAX_REJECTIONS = 4;

interface Proven {
  readonly commit: string;
  readonly proof: string;
}

/** Implements or reworks: worktree, model and tools, proof, delivery. */
export async function runCoding(running: Running): Promise<Outcome> {
  const { deps, session, assignment } = running;
  const workspace = await workspaceOf(assignment, deps.settings, session);
  const facts = await repositoryFacts(assignment, workspace, session.calls);
  const env = toolEnvironment(deps.env, workspace.folders);
  const resolved = new Map<string, Resolution>();
  const conflicts = assignment.feedback.some(({ source }) => source === 'conflict')
    ? await workspace.mergeBase()
    : undefined;
  const proofDeps: ProofDeps = {
    tree: workspace.tree,
    env,
    timeoutMs: TEST_TIMEOUT_MS,
    signal: session.signal,
    ...facts,
  };
  const answered = () => assignment.task.kind !== 'rework' || resolved.size > 0;
  const examiner = new Examiner(workspace, proofDeps, answered);
  const ending = await converse(running, {
    facts,
    diff: workspace.startSHA === workspace.baseSHA ? '' : await workspace.diff(),
    conflicts,
    toolbox: toolboxOf(running, workspace, env, facts.testCommand, facts.rigfile.tools, resolved),
    contentDigest: () => workspace.contentDigest(),
    judge: (given) => examiner.judge(given),
  });
  return ending.kind === 'done' ? deliver(running, workspace, ending, examiner.proven, resolved) : (ending as Outcome);
}

function toolboxOf(
  running: Running,
  workspace: Workspace,
  env: Record<string, string>,
  testCommand: string | undefined,
  only: readonly string[] | undefined,
  resolved: Map<string, Resolution>,
): Toolbox {
  const { session, assignment, deps } = running;
  let blocked = 0;
  const onBlocked = async (command: string, rule: string) => {
    blocked += 1;
    await session.calls.report([
      { id: `blocked-${blocked}`, type: 'GUARD_BLOCKED', data: { command: command.slice(0, 4_096), rule } },
    ]);
  };
  const place = { root: workspace.tree, home: workspace.folders.home, secrets: [deps.settings.tokenFile] };
  const tools = codingTools({ workspace, env, place, testCommand, testTimeoutMs: TEST_TIMEOUT_MS, onBlocked });
  if (assignment.task.kind === 'rework') tools.push(resolveThreadTool(threadHandles(assignment.threads), resolved));
  return new Toolbox(tools, only);
}

/** Judges an ending by what is in the worktree, never by what the model says about it. */
class Examiner {
  readonly #workspace: Workspace;
  readonly #deps: ProofDeps;
  /** Whether what was asked may be answered without a further change. */
  readonly #answered: () => boolean;
  #rejections = 0;
  #proven: Proven | undefined;

  constructor(workspace: Workspace, deps: ProofDeps, answered: () => boolean) {
    this.#workspace = workspace;
    this.#deps = deps;
    this.#answered = answered;
  }

  get proven(): Proven {
    if (this.#proven === undefined) throw new Error('nothing was proven');
    return this.#proven;
  }

  async judge(ending: Ending): Promise<Judgement> {
    if (ending.kind !== 'done') return { accepted: true };
    const marks = await this.#workspace.conflictMarks();
    if (marks.length > 0) return this.#rejected('ConflictLeft', `Conflict marks are left in ${marks.join(', ')}.`);
    const commit = await this.#workspace.commit(`${ending.title}\n\n${ending.what}`);
    const head = await this.#workspace.head();
    if (!(await this.#workspace.differsFromBase()) || (head === this.#workspace.startSHA && !this.#answered()))
      return this.#rejected(
        'NothingChanged',
        'Nothing has changed; change the code, or use ask to say why no change is right.',
      );
    const proof = await prove(this.#deps, head);
    if (proof.passed) {
      this.#proven = { commit: head, proof: proof.text };
      return { accepted: true };
    }
    if (commit) await this.#workspace.uncommit(commit);
    this.#count('TestsFailed', proof.answer.text);
    return { accepted: false, answer: proof.answer };
  }

  #rejected(reason: string, text: string): Judgement {
    this.#count(reason, text);
    return { accepted: false, answer: { text: `Not accepted: ${text}`, isError: true } };
  }

  #count(reason: string, text: string): void {
    this.#rejections += 1;
    if (this.#rejections >= MAX_REJECTIONS)
      throw new TaskFailure(
        reason,
        `The model said ${MAX_REJECTIONS} times that it was done, and was not: ${text.slice(0, 2_000)}`,
      );
  }
}

async function deliver(
  { session, assignment }: Running,
  workspace: Workspace,
  ending: Extract<Ending, { kind: 'done' }>,
  { proof }: Proven,
  resolved: ReadonlyMap<string, Resolution>,
): Promise<Outcome> {
  const sha = await workspace.push();
  const { title, what, why, risk } = ending;
  const kept = assignment.pullRequest?.title ?? title;
  const opened = await session.calls.openPullRequest({ title: kept, what, why, proof: proof.slice(0, 16_384), risk });
  const resolve = toSend(resolved);
  if (resolve.length > 0) await session.calls.threads({ resolve, reopen: [] });
  return {
    kind: 'succeeded',
    reason: 'Delivered',
    message: `Pushed ${sha.slice(0, 12)} to pull request #${opened.number}.`,
  };
}
