import { threadHandles } from '../prompt/index.ts';
import { codingTools, type Ending, type Resolution, resolveThreadTool, Toolbox, toSend } from '../tools/index.ts';
import { converse } from './converse.ts';
import { Examiner, type Proven } from './examine.ts';
import { repositoryFacts, type Workplace, workplaceOf } from './facts.ts';
import type { Outcome } from './outcome.ts';
import type { Running } from './run.ts';

/** Characters of a comment. */
const MAX_COMMENT = 16_384;

/** Implements, reworks or prepares: worktree, model and tools, proof, delivery. */
export async function runCoding(running: Running): Promise<Outcome> {
  const { deps, session, assignment } = running;
  const { signal } = session;
  const place = await workplaceOf(assignment, deps.settings, session);
  const { origin, sandbox } = place;
  const facts = await repositoryFacts(assignment, origin, session.calls);
  const resolved = new Map<string, Resolution>();
  const conflicts = assignment.feedback.some(({ source }) => source === 'conflict')
    ? (await sandbox.call('merge', {}, signal)).conflicts
    : undefined;
  const answered = () => assignment.task.kind !== 'rework' || resolved.size > 0;
  const examiner = new Examiner(place, { sandbox, signal, ...facts }, answered);
  const ending = await converse(running, {
    facts,
    diff: await origin.diff(),
    conflicts,
    toolbox: toolboxOf(running, place, facts.testCommand, facts.rigfile.tools, resolved),
    contentDigest: async () => (await sandbox.call('digest', {}, signal)).digest,
    judge: (given) => examiner.judge(given),
  });
  return ending.kind === 'done' ? deliver(running, place, ending, examiner.proven, resolved) : (ending as Outcome);
}

function toolboxOf(
  running: Running,
  { sandbox, folders }: Workplace,
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
  const place = { root: folders.tree, home: folders.home, secrets: [deps.settings.tokenFile] };
  const tools = codingTools({ sandbox, place, testCommand, onBlocked });
  if (assignment.task.kind === 'rework') tools.push(resolveThreadTool(threadHandles(assignment.threads), resolved));
  return new Toolbox(tools, only);
}

async function deliver(
  { session, assignment }: Running,
  { origin }: Workplace,
  ending: Extract<Ending, { kind: 'done' }>,
  { head, proof }: Proven,
  resolved: ReadonlyMap<string, Resolution>,
): Promise<Outcome> {
  await origin.push(head);
  const { title, what, why, risk } = ending;
  const kept = assignment.pullRequest?.title ?? title;
  const opened = await session.calls.openPullRequest({ title: kept, what, why, proof: proof.slice(0, 16_384), risk });
  if (assignment.task.kind === 'prepare') await tellPrepared(session, ending, opened.number);
  const resolve = toSend(resolved);
  if (resolve.length > 0) await session.calls.threads({ resolve, reopen: [] });
  return {
    kind: 'succeeded',
    reason: 'Delivered',
    message: `Pushed ${head.slice(0, 12)} to pull request #${opened.number}.`,
  };
}

/** Whoever asked for a preparation goes on with it, and reads on the issue where to start. */
async function tellPrepared(
  { calls }: Running['session'],
  { what, risk }: Extract<Ending, { kind: 'done' }>,
  number: number,
): Promise<void> {
  const body = `I prepared a draft, #${number}, for you to go on with; I neither mark it ready nor ask for its merge.\n\n${what}\n\nWhat is at risk: ${risk}`;
  await calls.comment({ key: 'prepared', target: 'issue', body: body.slice(0, MAX_COMMENT) });
}
