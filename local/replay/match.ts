import type { Replay, Step } from './file.ts';
import type { MessagesRequest } from './wire.ts';

/** What a step may be chosen by. */
export interface Facts {
  readonly kind: string | undefined;
  readonly text: string;
  readonly lastTool: string;
  readonly lastToolResult: string;
  readonly toolCallsSoFar: number;
}

type Block = { readonly type?: string; readonly [key: string]: unknown };
const blocks = (content: unknown): Block[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : ((content as Block[]) ?? []);

function textOf(content: unknown): string {
  return blocks(content)
    .map((block) => {
      if (block.type === 'tool_result') return textOf(block.content);
      if (block.type === 'tool_use') return `${block.name} ${JSON.stringify(block.input)}`;
      return typeof block.text === 'string' ? block.text : '';
    })
    .join('\n');
}

/** Reads a request's own content: nothing is remembered between requests, so a task may start over at any time. */
export function factsOf(request: MessagesRequest): Facts {
  const system = textOf(request.system);
  const uses = request.messages.flatMap(({ content }) => blocks(content)).filter(({ type }) => type === 'tool_use');
  const last = request.messages.at(-1);
  const results = last?.role === 'user' ? blocks(last.content).filter(({ type }) => type === 'tool_result') : [];
  const result = results.at(-1);
  const use = uses.find(({ id }) => id === result?.tool_use_id);
  return {
    kind: /^Task kind: (\S+)/m.exec(system)?.[1],
    text: [system, ...request.messages.map(({ content }) => textOf(content))].join('\n'),
    lastTool: result === undefined ? 'none' : String(use?.name ?? 'unknown'),
    lastToolResult: results.map(({ content }) => textOf(content)).join('\n'),
    toolCallsSoFar: uses.length,
  };
}

/** The first step that fits, or undefined. */
export function stepFor(replay: Replay, facts: Facts): Step | undefined {
  return replay.steps.find((step) => fits(step, facts));
}

function fits({ when }: Step, facts: Facts): boolean {
  const all = (texts: readonly string[] = [], inside: string) => texts.every((text) => inside.includes(text));
  const none = (texts: readonly string[] = [], inside: string) => texts.every((text) => !inside.includes(text));
  return (
    (when.kind === undefined || when.kind === facts.kind) &&
    (when.lastTool === undefined || when.lastTool === facts.lastTool) &&
    counted(when.toolCallsSoFar, facts.toolCallsSoFar) &&
    all(when.contains, facts.text) &&
    none(when.notContains, facts.text) &&
    all(when.lastToolResultContains, facts.lastToolResult) &&
    none(when.lastToolResultNotContains, facts.lastToolResult)
  );
}

function counted(wanted: Step['when']['toolCallsSoFar'], count: number): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted === 'number') return wanted === count;
  return count >= (wanted.min ?? 0) && count <= (wanted.max ?? Number.POSITIVE_INFINITY);
}
