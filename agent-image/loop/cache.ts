import type { Message } from '#lib/llm';

/** A copy whose first and last messages end a cached prefix, so that the next turn reads all of this one from the cache. */
export function withCache(messages: readonly Message[]): Message[] {
  return messages.map((message, i) => (i === 0 || i === messages.length - 1 ? marked(message) : message));
}

function marked(message: Message): Message {
  if (typeof message.content === 'string') return message;
  const content = message.content.map((block, i, all) =>
    i === all.length - 1 && (block.type === 'text' || block.type === 'tool_result')
      ? { ...block, cache_control: { type: 'ephemeral' as const } }
      : block,
  );
  return { ...message, content } as Message;
}
