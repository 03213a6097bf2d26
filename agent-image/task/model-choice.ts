import type { Assignment } from '#lib/conductor';
import { TaskFailure } from '../failure.ts';

export interface ModelChoice {
  readonly model: string;
  readonly temperature?: number | undefined;
  readonly maxTokens?: number | undefined;
}

/** The agent's model for this kind of task, else its default one. Throws TaskFailure `NoModel` or `ProviderUnsupported`. */
export function modelFor({ agent, task }: Assignment): ModelChoice {
  const choice = agent.models[task.kind] ?? agent.models.default;
  if (!choice)
    throw new TaskFailure(
      'NoModel',
      `Agent ${agent.name} names no model for ${task.kind} and no default; add spec.models.default.`,
    );
  if (choice.provider !== 'anthropic')
    throw new TaskFailure(
      'ProviderUnsupported',
      `Agent ${agent.name} wants the provider ${choice.provider} for ${task.kind}, which this runtime does not speak; use anthropic.`,
    );
  return choice;
}
