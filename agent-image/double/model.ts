import type { Model, ModelRequest, ModelTurn } from '#lib/llm';

type Say = {
  readonly text?: string;
  readonly calls?: readonly (readonly [name: string, input: object])[];
  readonly stop?: string;
};

/** A model that answers `script` in order, each entry a turn, or a function of the request that may throw. The last entry repeats. */
export function scriptedModel(
  script: readonly (Say | ((request: ModelRequest) => Say))[],
): Model & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    requests,
    async send(request, signal): Promise<ModelTurn> {
      signal.throwIfAborted();
      requests.push(structuredClone(request));
      const entry = script[Math.min(requests.length, script.length) - 1] as Say;
      const {
        text,
        calls = [],
        stop,
      } = typeof entry === 'function' ? (entry as (request: ModelRequest) => Say)(request) : entry;
      const content = [
        ...(text === undefined ? [] : [{ type: 'text', text, citations: null }]),
        ...calls.map(([name, input], i) => ({ type: 'tool_use', id: `t${requests.length}-${i}`, name, input })),
      ] as ModelTurn['content'];
      const tokens = { input: 10, output: 1, cacheRead: 0, cacheWrite: 0 };
      return { content, stopReason: stop ?? (calls.length > 0 ? 'tool_use' : 'end_turn'), tokens, model: 'model-1' };
    },
  };
}

/** Texts of the tool results and texts in the last message of a request. */
export function lastReplies(request: ModelRequest | undefined): string[] {
  const content = request?.messages.at(-1)?.content ?? [];
  if (typeof content === 'string') return [content];
  return content.map((block) =>
    block.type === 'tool_result' ? String(block.content) : block.type === 'text' ? block.text : block.type,
  );
}
