import { Ajv, type ValidateFunction } from 'ajv';
import type { ToolDefinition } from '#lib/llm';
import { type Answer, type Tool, ToolRefusal } from './tool.ts';

const MAX_RESULT = 60_000;
/** Always offered, whatever a repository's configuration leaves out: without them a task could not end. */
const ENDS = new Set(['done', 'ask', 'verdict', 'plan']);

/** The tools of one task. A call with an unknown name or with input that does not fit is answered, never run. */
export class Toolbox {
  readonly definitions: readonly ToolDefinition[];
  readonly #tools = new Map<string, { tool: Tool; validate: ValidateFunction }>();

  /** `only` leaves out every other tool, besides those that end a task. */
  constructor(tools: readonly Tool[], only?: readonly string[]) {
    const ajv = new Ajv({ strict: false });
    const offered = only === undefined ? tools : tools.filter(({ name }) => ENDS.has(name) || only.includes(name));
    for (const tool of offered) this.#tools.set(tool.name, { tool, validate: ajv.compile(tool.schema) });
    this.definitions = offered.map(({ name, description, schema }) => ({
      name,
      description,
      input_schema: JSON.parse(JSON.stringify(schema)) as ToolDefinition['input_schema'],
    }));
  }

  async call(name: string, input: unknown, signal: AbortSignal): Promise<Answer> {
    const known = this.#tools.get(name);
    if (!known) return refusal(`There is no tool ${name}; there are ${[...this.#tools.keys()].join(', ')}.`);
    if (!known.validate(input)) {
      const [first] = known.validate.errors ?? [];
      return refusal(`The input of ${name} is wrong at ${first?.instancePath || '/'}: ${first?.message ?? 'invalid'}.`);
    }
    try {
      const answer = await known.tool.run(input, signal);
      return answer.text.length <= MAX_RESULT
        ? answer
        : { ...answer, text: `${answer.text.slice(0, MAX_RESULT)}\n… cut` };
    } catch (error) {
      if (error instanceof ToolRefusal) return refusal(error.message);
      throw error;
    }
  }
}

function refusal(text: string): Answer {
  return { text, isError: true };
}
