import type { Usage } from '#lib/llm';
import { serverAttributes, startSpan } from '#lib/observe';

/** Characters of a model's id; what is longer is no id but somebody's text. */
const MAX_MODEL = 128;

/** The span of one call of a model, as the provider is asked. Says how much was used, never what was said. */
export interface ModelSpan {
  answered(status: number): void;
  used(usage: Usage): void;
  end(error?: unknown): void;
}

/** Begins the span, in OpenTelemetry's semantic conventions for generative AI. `body` is the request as the task sent it. */
export function modelSpan(provider: string, upstreamURL: string, body: Buffer): ModelSpan {
  const { model, maxTokens, stream } = asked(body);
  const span = startSpan(`chat ${model}`, {
    kind: 'client',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      ...(maxTokens === undefined ? {} : { 'gen_ai.request.max_tokens': maxTokens }),
      ...(stream ? { 'gen_ai.request.stream': true } : {}),
      ...serverAttributes(upstreamURL),
    },
  });
  return {
    answered: (status) => {
      span.set({ 'http.response.status_code': status });
      if (status >= 400) span.fail(String(status));
    },
    used: ({ tokens, id, model: answered }) => {
      span.set({
        // What was read from a cache and what was written to it was input too.
        'gen_ai.usage.input_tokens': tokens.input + tokens.cacheRead + tokens.cacheWrite,
        'gen_ai.usage.output_tokens': tokens.output,
        'gen_ai.usage.cache_read.input_tokens': tokens.cacheRead,
        'gen_ai.usage.cache_creation.input_tokens': tokens.cacheWrite,
        'gen_ai.response.model': answered ?? model,
        ...(id === undefined ? {} : { 'gen_ai.response.id': id }),
      });
    },
    end: (error) => span.end(error),
  };
}

/** What a request says of the model; `unknown` for what is no request. */
export function asked(body: Buffer): { model: string; maxTokens: number | undefined; stream: boolean } {
  let request: { model?: unknown; max_tokens?: unknown; stream?: unknown } | null = null;
  try {
    request = JSON.parse(body.toString());
  } catch {
    // The provider will say what is wrong with it.
  }
  const { model, max_tokens: maxTokens, stream } = request ?? {};
  return {
    model: typeof model === 'string' ? model.slice(0, MAX_MODEL) : 'unknown',
    maxTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
    stream: stream === true,
  };
}
