import { createHash } from 'node:crypto';
import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import type { Step } from './file.ts';

const Content = Type.Union([Type.String(), Type.Array(Type.Record(Type.String(), Type.Unknown()))]);

/** The parts of a Messages request that are read; others are let through. */
export const MessagesRequest = Type.Object({
  model: Type.String({ minLength: 1 }),
  max_tokens: Type.Integer({ minimum: 1 }),
  stream: Type.Optional(Type.Boolean()),
  system: Type.Optional(Content),
  messages: Type.Array(
    Type.Object({ role: Type.Union([Type.Literal('user'), Type.Literal('assistant')]), content: Content }),
    { minItems: 1 },
  ),
});
export type MessagesRequest = Static<typeof MessagesRequest>;

export const isMessagesRequest = new Ajv({ strict: false }).compile(MessagesRequest);

type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: Record<string, unknown> };

/** A whole answer as the Messages API gives it without streaming. */
export interface MessageBody {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly ContentBlock[];
  readonly stop_reason: 'tool_use' | 'end_turn';
  readonly stop_sequence: null;
  readonly usage: Record<string, number>;
}

/** The answer of `step` to `request`. Ids follow from the request's content, so that equal requests get equal answers. */
export function messageOf(step: Step, request: MessagesRequest): MessageBody {
  const digest = createHash('sha256')
    .update(JSON.stringify(request.messages))
    .update(step.name)
    .digest('hex')
    .slice(0, 20);
  const { text, toolUse = [] } = step.answer;
  const uses = toolUse.map(({ name, input }, i) => ({
    type: 'tool_use' as const,
    id: `toolu_${digest}${i}`,
    name,
    input,
  }));
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0 } = step.usage ?? {};
  return {
    id: `msg_${digest}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [...(text ? [{ type: 'text' as const, text }] : []), ...uses],
    stop_reason: uses.length > 0 ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: input,
      output_tokens: output,
      cache_read_input_tokens: cacheRead,
      cache_creation_input_tokens: cacheWrite,
    },
  };
}

const PIECE = 48;

/** The events of a streamed answer, in the order and shape of the Messages API. */
export function* streamOf(message: MessageBody): Generator<string> {
  const { usage } = message;
  yield event({
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
  });
  yield event({ type: 'ping' });
  for (const [index, block] of message.content.entries()) {
    const [empty, deltas] = pieces(block);
    yield event({ type: 'content_block_start', index, content_block: empty });
    for (const delta of deltas) yield event({ type: 'content_block_delta', index, delta });
    yield event({ type: 'content_block_stop', index });
  }
  const delta = { stop_reason: message.stop_reason, stop_sequence: null };
  yield event({ type: 'message_delta', delta, usage: { output_tokens: usage.output_tokens } });
  yield event({ type: 'message_stop' });
}

function pieces(block: ContentBlock): [object, object[]] {
  if (block.type === 'text')
    return [{ type: 'text', text: '' }, cut(block.text).map((text) => ({ type: 'text_delta', text }))];
  const input = cut(JSON.stringify(block.input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  return [{ ...block, input: {} }, input];
}

function cut(text: string): string[] {
  const characters = [...text];
  return Array.from({ length: Math.ceil(characters.length / PIECE) }, (_, i) =>
    characters.slice(i * PIECE, (i + 1) * PIECE).join(''),
  );
}

function event(data: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
