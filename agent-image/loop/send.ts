import { type Model, ModelError, type ModelRequest, type ModelTurn } from '#lib/llm';
import { Stop, TaskFailure } from '../failure.ts';

export interface SendDeps {
  readonly model: Model;
  readonly signal: AbortSignal;
  /** Ms since the epoch at which the task must be over; it may move. */
  readonly deadline: () => number;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The budget is used up: nothing more is served to this task. */
export class BudgetExceeded extends Error {
  override name = 'BudgetExceeded';
}

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
const MAX_ATTEMPTS = 10;

/** One answer of the model. What may pass is retried with jittered backoff, honouring what the provider asks, while time is left. */
export async function send(request: ModelRequest, deps: SendDeps): Promise<ModelTurn> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deps.model.send(request, deps.signal);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      if (!error.retryable) throw outcome(error);
      const bound = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), MAX_PAUSE_MS);
      const pause = Math.max(bound * (0.5 + deps.random() / 2), error.retryAfterMs ?? 0);
      if (attempt >= MAX_ATTEMPTS || deps.now() + pause >= deps.deadline())
        throw new TaskFailure('ModelUnavailable', `The model did not answer in ${attempt} attempts: ${error.message}`, {
          cause: error,
        });
      await deps.sleep(pause, deps.signal);
    }
  }
}

function outcome(error: ModelError): Error {
  if (error.code === 'DeadFence' || error.code === 'Unauthenticated') return new Stop('DeadFence', error.message);
  if (error.code === 'BudgetExceeded') return new BudgetExceeded(error.message, { cause: error });
  if (error.code === 'ReplayDry')
    return new TaskFailure(
      'ReplayDry',
      `${error.message} Add a step for it to the replay file, or set ANTHROPIC_API_KEY to use the real model.`,
      { cause: error },
    );
  return new TaskFailure('ModelRefused', `The model provider refused the request: ${error.message}`, { cause: error });
}
