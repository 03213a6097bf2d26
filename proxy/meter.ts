import type { Tokens } from '#lib/llm';
import type { Metrics } from '#lib/observe';
import { ProxyError } from './error.ts';

/** Counts the calls of tasks, what they got and what they used. */
export class Meter {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Runs one call up to the beginning of its answer. */
  async call<T extends { readonly response: Response }>(serve: () => Promise<T>): Promise<T> {
    try {
      const served = await serve();
      this.#count(`${Math.floor(served.response.status / 100)}xx`);
      return served;
    } catch (error) {
      const unreachable = error instanceof ProxyError && error.code === 'upstream_unreachable';
      this.#count(unreachable ? 'unreachable' : 'refused');
      throw error;
    }
  }

  /** The provider answered to the end, `seconds` after the call. */
  settled(model: string, tokens: Tokens, seconds: number): void {
    for (const [type, count] of Object.entries(tokens)) this.#metrics.count('rig_tokens_total', { model, type }, count);
    this.#metrics.observe('rig_model_call_seconds', { model }, seconds);
  }

  #count(outcome: string): void {
    this.#metrics.count('rig_model_calls_total', { outcome });
  }
}
