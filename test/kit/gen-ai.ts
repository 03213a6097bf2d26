import assert from 'node:assert/strict';
import type { ReceivedSpan } from './otlp.ts';

interface Convention {
  /** As OTLP numbers them: 1 internal, 3 client. */
  readonly spanKind: 1 | 3;
  /** The attribute that the span's name ends in. */
  readonly named: string;
  readonly needs: readonly string[];
  readonly may: readonly string[];
}
const USAGE = ['input_tokens', 'output_tokens', 'cache_read.input_tokens', 'cache_creation.input_tokens'];
/** By operation, what OpenTelemetry's semantic conventions for generative AI ask of its spans and know of them. */
export const GEN_AI: Readonly<Record<string, Convention>> = {
  invoke_agent: {
    spanKind: 1,
    named: 'gen_ai.agent.name',
    needs: ['gen_ai.agent.name'],
    may: ['gen_ai.request.model'],
  },
  execute_tool: {
    spanKind: 1,
    named: 'gen_ai.tool.name',
    needs: ['gen_ai.tool.name', 'gen_ai.tool.type', 'gen_ai.tool.call.id'],
    may: [],
  },
  chat: {
    spanKind: 3,
    named: 'gen_ai.request.model',
    needs: [
      ...['gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.request.max_tokens', 'gen_ai.response.model'],
      ...USAGE.map((field) => `gen_ai.usage.${field}`),
    ],
    may: [
      ...['stream', 'temperature'].map((field) => `gen_ai.request.${field}`),
      ...['id', 'finish_reasons'].map((field) => `gen_ai.response.${field}`),
    ],
  },
};

/** Fails unless a span is named, of the kind and with the attributes that the conventions ask of its operation, and no unknown ones. */
export function assertConvention({ name, kind, attributes }: ReceivedSpan): void {
  const operation = String(attributes['gen_ai.operation.name']);
  const { spanKind, named, needs, may } = GEN_AI[operation]!;
  const shown = `${name} ${JSON.stringify(attributes)}`;
  assert.deepEqual([name, kind], [`${operation} ${attributes[named]}`, spanKind], shown);
  for (const key of needs) assert.ok(attributes[key] !== undefined && attributes[key] !== '', `${key} of ${shown}`);
  const known = new Set(['gen_ai.operation.name', ...needs, ...may]);
  const unknown = Object.keys(attributes).filter((key) => key.startsWith('gen_ai.') && !known.has(key));
  assert.deepEqual(unknown, [], shown);
  assert.equal('server.address' in attributes, 'server.port' in attributes, shown);
}
