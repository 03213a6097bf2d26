import type { Judgement } from '../loop/index.ts';
import { type LoopEnd, runLoop } from '../loop/index.ts';
import { assignmentMessage, type SystemFacts, systemBlocks } from '../prompt/index.ts';
import type { Ending, Toolbox } from '../tools/index.ts';
import type { Outcome } from './outcome.ts';
import type { Running } from './run.ts';

interface Conversation {
  readonly facts: SystemFacts;
  readonly diff: string;
  readonly conflicts: readonly string[] | undefined;
  readonly toolbox: Toolbox;
  readonly contentDigest: () => Promise<string>;
  readonly judge: (ending: Ending) => Promise<Judgement>;
}

/** Lets the model work; resolves to its accepted ending, or to the outcome where there is none. */
export async function converse(running: Running, conversation: Conversation): Promise<Ending | Outcome> {
  const { deps, session, model, meter, assignment } = running;
  const { facts, diff, conflicts } = conversation;
  const end = await runLoop({
    ...conversation,
    model,
    meter,
    signal: session.signal,
    deadline: session.deadline,
    now: deps.clock.now,
    sleep: deps.clock.sleep,
    random: deps.random,
    system: systemBlocks(facts),
    first: assignmentMessage({ assignment, diff, conflicts }),
    onTurn: ({ stopReason, tokens }) => deps.logger.info({ stopReason, tokens }, 'model answered'),
  });
  return ended(end);
}

function ended(end: LoopEnd): Ending | Outcome {
  if (end.kind === 'stuck') return { kind: 'stuck', evidence: end.evidence };
  if (end.kind === 'budget')
    return { kind: 'escalated', question: `${end.message} Should the budget be raised, or the issue be made smaller?` };
  return end.ending.kind === 'ask' ? { kind: 'escalated', question: end.ending.question } : end.ending;
}
