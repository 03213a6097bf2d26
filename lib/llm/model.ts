import type Anthropic from '@anthropic-ai/sdk';
import { type Span, traced, traceHeaders } from '#lib/observe';
import { ModelError, modelErrorCode } from './error.ts';
import { NO_TOKENS, readMessageUsage, type Tokens } from './usage.ts';

export type Message = Anthropic.Messages.MessageParam;
export type SystemBlock = Anthropic.Messages.TextBlockParam;
export type ToolDefinition = Anthropic.Messages.Tool;
export type ContentBlock = Anthropic.Messages.ContentBlock;

export interface ModelRequest {
  readonly system: readonly SystemBlock[];
  readonly tools: readonly ToolDefinition[];
  readonly messages: readonly Message[];
}

export interface ModelTurn {
  readonly content: readonly ContentBlock[];
  readonly stopReason: string | null;
  readonly tokens: Tokens;
  /** The model id the provider answered with. */
  readonly model: string;
}

/** One model behind one provider. */
export interface Model {
  /** One streamed call, not retried. Throws {@link ModelError}; an aborted signal throws its own reason. */
  send(request: ModelRequest, signal: AbortSignal): Promise<ModelTurn>;
}

export interface ModelOptions {
  /** Root of an Anthropic-compatible API, without `/v1`. */
  readonly baseURL: string;
  /** Asked before each call, so that a renewed key is picked up. */
  readonly apiKey: () => string;
  readonly model: string;
  /** Left out of every later call once the provider says that this model does not take it. */
  readonly temperature?: number | undefined;
  /** Bound of one answer in tokens. Default 16,000. */
  readonly maxTokens?: number | undefined;
  readonly fetch?: typeof fetch;
  /** Told once for each parameter that is left out because the model does not take it. */
  readonly onDropped?: (parameter: string) => void;
}

/** It is large: whoever only counts what was used does not load it. */
type SDK = typeof import('@anthropic-ai/sdk');

const MAX_TOKENS = 16_000;

/** A model that speaks the Anthropic Messages protocol. */
export function createModel(options: ModelOptions): Model {
  let temperature = options.temperature;
  // Loaded while what comes before the first call is done.
  const sdk = import('@anthropic-ai/sdk');
  sdk.catch(() => {});
  const send = (given: number | undefined, request: ModelRequest, signal: AbortSignal) =>
    tracedCall(options, given, async () => call(await sdk, options, given, request, signal));
  return {
    async send(request, signal) {
      try {
        return await send(temperature, request, signal);
      } catch (error) {
        if (temperature === undefined || !refusesTemperature(error)) throw error;
        temperature = undefined;
        options.onDropped?.('temperature');
        return send(undefined, request, signal);
      }
    },
  };
}

function refusesTemperature(error: unknown): boolean {
  return error instanceof ModelError && error.code === 'Refused' && /temperature/i.test(error.message);
}

/** One call as a span, in OpenTelemetry's conventions for generative AI: how much was used, never what was said. */
function tracedCall(
  options: ModelOptions,
  temperature: number | undefined,
  once: () => Promise<ModelTurn>,
): Promise<ModelTurn> {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': options.model,
    'gen_ai.request.max_tokens': options.maxTokens ?? MAX_TOKENS,
    'gen_ai.request.stream': true,
    ...(temperature === undefined ? {} : { 'gen_ai.request.temperature': temperature }),
  };
  return traced(`chat ${options.model}`, { kind: 'client', attributes }, async (span) => {
    const turn = await once();
    tell(span, turn);
    return turn;
  });
}

function tell(span: Span, { tokens, model, stopReason }: ModelTurn): void {
  span.set({
    'gen_ai.response.model': model,
    'gen_ai.response.finish_reasons': stopReason === null ? [] : [stopReason],
    // What was read from a cache and what was written to it was input too.
    'gen_ai.usage.input_tokens': tokens.input + tokens.cacheRead + tokens.cacheWrite,
    'gen_ai.usage.output_tokens': tokens.output,
    'gen_ai.usage.cache_read.input_tokens': tokens.cacheRead,
    'gen_ai.usage.cache_creation.input_tokens': tokens.cacheWrite,
  });
}

async function call(
  sdk: SDK,
  options: ModelOptions,
  temperature: number | undefined,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<ModelTurn> {
  const client = new sdk.Anthropic({
    baseURL: options.baseURL,
    apiKey: options.apiKey(),
    authToken: null,
    maxRetries: 0,
    logLevel: 'off',
    defaultHeaders: traceHeaders(),
    ...(options.fetch ? { fetch: options.fetch } : {}),
  });
  try {
    const stream = client.messages.stream(
      {
        model: options.model,
        max_tokens: options.maxTokens ?? MAX_TOKENS,
        system: [...request.system],
        tools: [...request.tools],
        messages: [...request.messages],
        ...(temperature === undefined ? {} : { temperature }),
      },
      { signal },
    );
    const message = await stream.finalMessage();
    const tokens = readMessageUsage(message)?.tokens ?? NO_TOKENS;
    return { content: message.content, stopReason: message.stop_reason, tokens, model: message.model };
  } catch (error) {
    signal.throwIfAborted();
    throw translated(error, sdk);
  }
}

function translated(error: unknown, { APIError, APIUserAbortError }: SDK): ModelError {
  if (!(error instanceof APIError) || error instanceof APIUserAbortError)
    return new ModelError('Unavailable', 'The stream of the model ended before its answer did.', { cause: error });
  const inner = (error.error as { error?: { type?: unknown; message?: unknown } } | undefined)?.error;
  const type = typeof inner?.type === 'string' ? inner.type : undefined;
  const said = typeof inner?.message === 'string' ? inner.message : error.message;
  const retryAfterMs = retryAfter(error.headers);
  return new ModelError(modelErrorCode(error.status, type), said, {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function retryAfter(headers: Headers | undefined): number | undefined {
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
