import { addTokens, NO_TOKENS, type Tokens } from '#lib/llm';
import { TaskFailure } from '../failure.ts';

export interface Limits {
  /** Answers of the model. */
  readonly turns: number;
  /** Input, output and cache together. */
  readonly tokens: number;
}

export const DEFAULT_LIMITS: Limits = { turns: 100, tokens: 10_000_000 };

/** Counts what a task has used; shared, so that a failure anywhere can still report it. */
export class Meter {
  readonly #limits: Limits;
  #tokens: Tokens = NO_TOKENS;
  #turns = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get tokens(): Tokens {
    return this.#tokens;
  }

  add(tokens: Tokens): void {
    this.#tokens = addTokens(this.#tokens, tokens);
  }

  /** Counts one more turn. Throws TaskFailure `TurnsExhausted` or `TokensExhausted` where there is none left. */
  begin(): void {
    const { turns, tokens } = this.#limits;
    const { input, output, cacheRead, cacheWrite } = this.#tokens;
    if (this.#turns >= turns)
      throw new TaskFailure('TurnsExhausted', `The model did not finish within ${turns} turns.`);
    if (input + output + cacheRead + cacheWrite >= tokens)
      throw new TaskFailure('TokensExhausted', `The model did not finish within ${tokens} tokens.`);
    this.#turns += 1;
  }
}
