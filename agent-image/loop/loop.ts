import type { ContentBlock, Message, ModelTurn, SystemBlock } from '#lib/llm';
import { traced } from '#lib/observe';
import { TaskFailure } from '../failure.ts';
import type { Answer, Ending, Toolbox } from '../tools/index.ts';
import { withCache } from './cache.ts';
import type { Meter } from './limits.ts';
import { BudgetExceeded, type SendDeps, send } from './send.ts';
import { FRESH, observe, type StuckState } from './stuck.ts';

/** The task's answer to an ending: taken, or sent back with a text for the model. */
export type Judgement = { readonly accepted: true } | { readonly accepted: false; readonly answer: Answer };

export interface LoopDeps extends SendDeps {
  readonly system: readonly SystemBlock[];
  readonly first: string;
  readonly toolbox: Toolbox;
  readonly meter: Meter;
  readonly contentDigest: () => Promise<string>;
  readonly judge: (ending: Ending) => Promise<Judgement>;
  readonly onTurn?: (turn: ModelTurn) => void;
}

export type LoopEnd =
  | { readonly kind: 'ended'; readonly ending: Ending }
  | { readonly kind: 'stuck'; readonly evidence: string }
  | { readonly kind: 'budget'; readonly message: string };

type ToolUse = Extract<ContentBlock, { type: 'tool_use' }>;
interface Called {
  readonly use: ToolUse;
  readonly answer: Answer;
}

/** Model and tools in turns until an ending is accepted. Throws TaskFailure and Stop. */
export async function runLoop(deps: LoopDeps): Promise<LoopEnd> {
  const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: deps.first }] }];
  let stuck = FRESH;
  for (;;) {
    deps.meter.begin();
    const turn = await asked(messages, deps);
    if (turn === undefined) return { kind: 'budget', message: 'The budget of this task is used up.' };
    const called = await callAll(turn, deps);
    const ended = called.find(({ answer }) => answer.ending !== undefined)?.answer.ending;
    if (ended) return { kind: 'ended', ending: ended };
    const seen = await look(stuck, called, deps);
    stuck = seen.state;
    if (seen.finding?.action === 'stuck') return { kind: 'stuck', evidence: seen.finding.evidence };
    messages.push({ role: 'assistant', content: turn.content.length > 0 ? [...turn.content] : '(nothing)' });
    messages.push({ role: 'user', content: replies(called, seen.finding?.evidence) });
  }
}

async function asked(messages: readonly Message[], deps: LoopDeps): Promise<ModelTurn | undefined> {
  const { system, toolbox } = deps;
  try {
    const turn = await send({ system, tools: toolbox.definitions, messages: withCache(messages) }, deps);
    deps.meter.add(turn.tokens);
    deps.onTurn?.(turn);
    if (turn.stopReason === 'refusal')
      throw new TaskFailure(
        'ModelRefused',
        'The model refused to go on with this task; a person should look at the issue.',
      );
    return turn;
  } catch (error) {
    if (error instanceof BudgetExceeded) return undefined;
    throw error;
  }
}

/** One call of a tool as a span that names the tool; what the model passes and is told stays out of it. */
function executed({ id, name, input }: ToolUse, { toolbox, signal }: LoopDeps): Promise<Answer> {
  const known = toolbox.definitions.some((tool) => tool.name === name) ? name : 'unknown';
  const attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': known,
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': id.slice(0, 128),
  };
  return traced(`execute_tool ${known}`, { attributes }, async (span) => {
    const answer = await toolbox.call(name, input, signal);
    if (answer.isError) span.fail('tool_error');
    return answer;
  });
}

/** Runs the calls of one answer in order; after an accepted ending the rest is left out. */
async function callAll(turn: ModelTurn, deps: LoopDeps): Promise<Called[]> {
  const uses = turn.content.filter((block): block is ToolUse => block.type === 'tool_use');
  const called: Called[] = [];
  for (const [at, use] of uses.entries()) {
    const cut = turn.stopReason === 'max_tokens' && at === uses.length - 1;
    const answer = cut ? CUT : await settled(await executed(use, deps), deps);
    called.push({ use, answer });
    if (answer.ending) break;
  }
  return called;
}

const CUT: Answer = {
  text: 'Your answer was cut off at its length limit and this call did not run; make smaller calls.',
  isError: true,
};

async function settled(answer: Answer, deps: LoopDeps): Promise<Answer> {
  if (answer.ending === undefined) return answer;
  const judgement = await deps.judge(answer.ending);
  return judgement.accepted ? answer : judgement.answer;
}

async function look(state: StuckState, called: readonly Called[], deps: LoopDeps) {
  const calls = called.map(({ use, answer }) => ({
    call: `${use.name} ${JSON.stringify(use.input)}`,
    result: answer.text,
  }));
  const failure = called.findLast(({ answer }) => answer.failure !== undefined)?.answer.failure;
  return observe(state, { calls, content: await deps.contentDigest(), failure });
}

function replies(called: readonly Called[], evidence: string | undefined): Exclude<Message['content'], string> {
  const results = called.map(({ use, answer }) => ({
    type: 'tool_result' as const,
    tool_use_id: use.id,
    content: answer.text === '' ? '(empty)' : answer.text,
    ...(answer.isError ? { is_error: true } : {}),
  }));
  const texts: string[] = [];
  if (called.length === 0)
    texts.push('Go on with a tool; when the work is finished, or cannot be finished, use the tool that ends it.');
  if (evidence !== undefined)
    texts.push(
      `You seem to be stuck: ${evidence} Take another approach, or use ask to tell a person what is in the way.`,
    );
  return [...results, ...texts.map((text) => ({ type: 'text' as const, text }))];
}
