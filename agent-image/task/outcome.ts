import { ConductorError, type TaskEvent } from '#lib/conductor';
import type { Tokens } from '#lib/llm';
import { Stop, TaskFailure } from '../failure.ts';

/** How a task ends, as it is reported. */
export type Outcome =
  | { readonly kind: 'succeeded' | 'failed'; readonly reason: string; readonly message: string }
  | { readonly kind: 'escalated'; readonly question: string }
  | { readonly kind: 'stuck'; readonly evidence: string };

export const EXIT = { reported: 0, failed: 1, deadFence: 3, terminated: 143 } as const;

/** The one report that ends a task. Its id is the same each time, so that a repeated report counts once. */
export function endEvent(outcome: Outcome, tokens: Tokens): TaskEvent {
  const id = 'end';
  if (outcome.kind === 'escalated')
    return { id, type: 'ESCALATED', data: { question: cut(outcome.question, 8_192), tokens } };
  if (outcome.kind === 'stuck')
    return { id, type: 'AGENT_STUCK', data: { evidence: cut(outcome.evidence, 8_192), tokens } };
  const { kind: result, reason, message } = outcome;
  return { id, type: 'TASK_FINISHED', data: { result, reason, message: cut(message, 4_096), tokens } };
}

export function exitCode(outcome: Outcome): number {
  return outcome.kind === 'failed' ? EXIT.failed : EXIT.reported;
}

/** What an error means for the task: an outcome to report, or a stop that ends without one. */
export function outcomeOf(error: unknown): Outcome | Stop {
  if (error instanceof Stop)
    return error.code === 'Deadline' ? { kind: 'failed', reason: 'DeadlineExceeded', message: error.message } : error;
  if (error instanceof ConductorError) {
    if (error.code === 'DeadFence') return new Stop('DeadFence', error.message);
    return {
      kind: 'failed',
      reason: error.code === 'Unavailable' ? 'ConductorUnavailable' : 'ConductorRefused',
      message: error.message,
    };
  }
  if (error instanceof TaskFailure) return { kind: 'failed', reason: error.reason, message: error.message };
  const said = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', reason: 'InternalError', message: `The agent runtime failed: ${said}` };
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
