import type { Static, TSchema } from 'typebox';

/** How the model ends its work. */
export type Ending =
  | {
      readonly kind: 'done';
      readonly title: string;
      readonly what: string;
      readonly why: string;
      readonly risk: string;
    }
  | { readonly kind: 'ask'; readonly question: string }
  | { readonly kind: 'plan'; readonly text: string }
  | { readonly kind: 'verdict'; readonly verdict: 'approve' | 'request-changes'; readonly body: string };

export interface Answer {
  readonly text: string;
  readonly isError?: boolean;
  /** Set by the tools that end the work; the task then decides whether it is accepted. */
  readonly ending?: Ending;
  /** A name of the failing tests, equal for equal failures. */
  readonly failure?: string;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly schema: TSchema;
  /** Never called with input that does not fit `schema`. Throws {@link ToolRefusal} for what the model can mend. */
  run(input: unknown, signal: AbortSignal): Promise<Answer>;
}

/** A call that cannot be done as asked; its message goes back to the model. */
export class ToolRefusal extends Error {
  override name = 'ToolRefusal';
}

/** A tool whose `run` sees its input typed by the schema. */
export function defineTool<S extends TSchema>(tool: {
  readonly name: string;
  readonly description: string;
  readonly schema: S;
  readonly run: (input: Static<S>, signal: AbortSignal) => Promise<Answer> | Answer;
}): Tool {
  return { ...tool, run: async (input, signal) => tool.run(input as Static<S>, signal) };
}
