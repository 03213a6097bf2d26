import { Type } from 'typebox';
import type { Thread } from '#lib/conductor';
import { defineTool, type Tool, ToolRefusal } from './tool.ts';

export interface Resolution {
  readonly id: string;
  readonly reply: string;
  /** It was so before; nothing is to be sent. */
  readonly already: boolean;
}

/** What goes to the conductor of what was collected. */
export function toSend(collected: ReadonlyMap<string, Resolution>): { id: string; reply: string }[] {
  return [...collected.values()].filter(({ already }) => !already).map(({ id, reply }) => ({ id, reply }));
}

const Handle = Type.String({ pattern: '^T[0-9]+$', description: 'Name of the thread, e.g. T1.' });
const Reply = Type.String({ minLength: 1, maxLength: 8_192 });

/**
 * Collects into `resolved`; the threads are resolved on the forge after the push. A thread that is resolved already counts as
 * answered and is not sent again: an attempt before this one may have ended right after resolving it.
 */
export function resolveThreadTool(threads: ReadonlyMap<string, Thread>, resolved: Map<string, Resolution>): Tool {
  return defineTool({
    name: 'resolveThread',
    description: 'Marks a review thread as fixed by your change, with one sentence that says how.',
    schema: Type.Object({ thread: Handle, reply: Reply }, { additionalProperties: false }),
    run: ({ thread: handle, reply }) => {
      const { id, resolved: already } = settled(threads, handle);
      resolved.set(handle, { id, reply, already });
      return { text: already ? `Thread ${handle} is resolved already.` : `Noted for ${handle}.` };
    },
  });
}

/** Collects into `reopened`; the threads are reopened on the forge with the verdict. */
export function reopenThreadTool(threads: ReadonlyMap<string, Thread>, reopened: Map<string, Resolution>): Tool {
  return defineTool({
    name: 'reopenThread',
    description: 'Reopens a thread that was resolved without being fixed, and says what is missing.',
    schema: Type.Object({ thread: Handle, reply: Reply }, { additionalProperties: false }),
    run: ({ thread: handle, reply }) => {
      const { id, resolved } = settled(threads, handle);
      if (!resolved) throw new ToolRefusal(`Thread ${handle} is still open.`);
      reopened.set(handle, { id, reply, already: false });
      return { text: `Noted for ${handle}.` };
    },
  });
}

/** A thread that a task may settle: for another, all that a task resolves is refused. */
function settled(threads: ReadonlyMap<string, Thread>, handle: string): Thread {
  const thread = threads.get(handle);
  if (!thread)
    throw new ToolRefusal(`There is no thread ${handle}; there are ${[...threads.keys()].join(', ') || 'none'}.`);
  if (!thread.mayResolve)
    throw new ToolRefusal(
      `Thread ${handle} was opened by ${thread.comments[0]?.author ?? 'somebody'}, who alone resolves or reopens it; let your change answer it.`,
    );
  return thread;
}
