import type { Actor, ThreadFacts } from '../facts.ts';
import {
  fail,
  type GateInput,
  type GateResult,
  pass,
  personWithWrite,
  type Row,
  unknownStanding,
  unread,
} from './types.ts';

/**
 * Every thread that a reviewer Agent or a person with write permission opened is resolved: a machine's by anybody, a person's by that
 * person alone.
 */
export function threads({ input, pr }: Row): GateResult {
  const gate = 'threads';
  if (!pr.complete.threads) return unread(gate, 'Not every review thread was read.');
  const judged = pr.threads.map((thread) => ({ thread, open: isOpen(input, thread) }));
  const blocking = judged.filter(({ open }) => open === true).map(({ thread }) => thread);
  if (blocking.length > 0) return fail(gate, 'ThreadsOpen', sentence(input, blocking));
  if (judged.some(({ open }) => open === 'unknown'))
    return unknownStanding(
      gate,
      input,
      'It is not known whether the one who opened a thread may write, or who resolved it.',
    );
  return pass(gate, 'Every thread that counts is resolved.');
}

/** Whether the thread keeps the change from merging. */
function isOpen(input: GateInput, thread: ThreadFacts): boolean | 'unknown' {
  const opener = thread.comments[0]?.author;
  if (opener !== undefined && isMachine(input, opener)) return input.reviewers.has(opener.id) && !thread.resolved;
  if (opener !== undefined && thread.resolved && thread.resolvedBy?.id === opener.id) return false;
  const counts = opener === undefined ? 'unknown' : personWithWrite(input, opener);
  if (counts !== true) return counts;
  return thread.resolved && thread.resolvedBy === null ? 'unknown' : true;
}

const isMachine = (input: GateInput, actor: Actor): boolean =>
  actor.kind === 'bot' || input.machines.has(actor.id) || input.reviewers.has(actor.id);

function sentence(input: GateInput, blocking: readonly ThreadFacts[]): string {
  const [first] = blocking as readonly [ThreadFacts, ...ThreadFacts[]];
  const opener = first.comments[0]!.author;
  const who = isMachine(input, opener) ? 'resolve what is fixed' : `${opener.login} has to resolve it`;
  return `${blocking.length} review thread(s) are open, the first at ${first.path}:${first.line ?? '?'}; ${who}.`;
}
