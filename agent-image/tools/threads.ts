import { Type } from 'typebox';
import type { Thread } from '#lib/conductor';
import { defineTool, type Tool, ToolRefusal } from './tool.ts';

export interface Resolution {
  readonly id: string;
  readonly reply: string;
}

const Handle = Type.String({ pattern: '^T[0-9]+$', description: 'Name of the thread, e.g. T1.' });
const Reply = Type.String({ minLength: 1, maxLength: 8_192 });

/** Collects into `resolved`; the threads are resolved on the forge after the push. */
export function resolveThreadTool(threads: ReadonlyMap<string, Thread>, resolved: Map<string, Resolution>): Tool {
  return defineTool({
    name: 'resolveThread',
    description: 'Marks a review thread as fixed by your change, with one sentence that says how.',
    schema: Type.Object({ thread: Handle, reply: Reply }, { additionalProperties: false }),
    run: ({ thread, reply }) => collect(threads, thread, reply, false, resolved),
  });
}

/** Collects into `reopened`; the threads are reopened on the forge with the verdict. */
export function reopenThreadTool(threads: ReadonlyMap<string, Thread>, reopened: Map<string, Resolution>): Tool {
  return defineTool({
    name: 'reopenThread',
    description: 'Reopens a thread that was resolved without being fixed, and says what is missing.',
    schema: Type.Object({ thread: Handle, reply: Reply }, { additionalProperties: false }),
    run: ({ thread, reply }) => collect(threads, thread, reply, true, reopened),
  });
}

function collect(
  threads: ReadonlyMap<string, Thread>,
  handle: string,
  reply: string,
  wanted: boolean,
  into: Map<string, Resolution>,
) {
  const thread = threads.get(handle);
  if (!thread)
    throw new ToolRefusal(`There is no thread ${handle}; there are ${[...threads.keys()].join(', ') || 'none'}.`);
  if (thread.resolved !== wanted)
    throw new ToolRefusal(`Thread ${handle} is ${wanted ? 'still open' : 'already resolved'}.`);
  into.set(handle, { id: thread.id, reply });
  return { text: `Noted for ${handle}.` };
}
