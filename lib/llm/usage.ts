/** Tokens of one or more calls. `input` excludes what was read from or written to the provider's cache. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export const NO_TOKENS: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

export function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}

/** What an Anthropic Messages answer says it cost. `id` and `model` are the provider's own; undefined while unseen. */
export interface Usage {
  readonly tokens: Tokens;
  readonly id: string | undefined;
  readonly model: string | undefined;
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
const count = (value: unknown, otherwise: number) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : otherwise;

/** Each count the provider names replaces the one known so far; a count it leaves out stays. */
function replaced(known: Tokens, usage: unknown): Tokens {
  if (!isObject(usage)) return known;
  return {
    input: count(usage.input_tokens, known.input),
    output: count(usage.output_tokens, known.output),
    cacheRead: count(usage.cache_read_input_tokens, known.cacheRead),
    cacheWrite: count(usage.cache_creation_input_tokens, known.cacheWrite),
  };
}

/** Usage of a whole (not streamed) message body; undefined where the body is no message. */
export function readMessageUsage(body: unknown): Usage | undefined {
  if (!isObject(body) || body.type !== 'message') return undefined;
  return { tokens: replaced(NO_TOKENS, body.usage), id: text(body.id), model: text(body.model) };
}

/** Longer lines hold content, never usage; they are skipped so that a hostile stream cannot fill the memory. */
const MAX_LINE = 1_048_576;

/**
 * Learns the usage from the bytes of an Anthropic event stream as they pass: seeded by `message_start`, then replaced (the counts
 * are cumulative) by each `message_delta`. Chunks may be cut anywhere, also inside a character. What it does not know, it ignores.
 */
export class UsageTap {
  #decoder = new TextDecoder();
  #line = '';
  #skipping = false;
  #usage: Usage = { tokens: NO_TOKENS, id: undefined, model: undefined };
  #seen = false;

  /** Undefined until the stream said anything about usage. */
  get usage(): Usage | undefined {
    return this.#seen ? this.#usage : undefined;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#line + this.#decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r/);
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      if (!this.#skipping) this.#read(line);
      this.#skipping = false;
    }
    if (this.#line.length > MAX_LINE) {
      this.#line = '';
      this.#skipping = true;
    }
  }

  #read(line: string): void {
    if (!line.startsWith('data:') || !line.includes('"message_')) return;
    let event: unknown;
    try {
      event = JSON.parse(line.slice(5));
    } catch {
      return;
    }
    if (!isObject(event)) return;
    if (event.type === 'message_start' && isObject(event.message)) {
      this.#seen = true;
      const { message } = event;
      this.#usage = { tokens: replaced(NO_TOKENS, message.usage), id: text(message.id), model: text(message.model) };
    } else if (event.type === 'message_delta') {
      this.#seen = true;
      this.#usage = { ...this.#usage, tokens: replaced(this.#usage.tokens, event.usage) };
    }
  }
}
