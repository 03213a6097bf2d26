import { hash } from 'node:crypto';
import type { LiveTask } from '#domain';
import type { Strand } from './strand.ts';

/**
 * The strand with everything brought into one form that the rules cannot tell from another: versions and fences by their order, and
 * no sentences, which only people read.
 */
export function normal(strand: Strand): Strand {
  const { log, row, operation } = strand;
  const asked = log.mergeRequested?.version ?? null;
  const version = (one: number): number => (one === asked ? 1 : 0);
  const renumbered: Strand = {
    ...strand,
    log: { ...wordless(log), version: 2, mergeRequested: log.mergeRequested && { ...log.mergeRequested, version: 1 } },
    row: row === null || row.version !== asked ? null : { ...row, version: 1 },
    operation: operation?.do === 'merge' ? { ...operation, version: version(operation.version) } : operation,
  };
  return refenced(renumbered);
}

/** Fences are only ever compared: their order is kept, and which are equal. */
function refenced(strand: Strand): Strand {
  const { log, processes } = strand;
  const used = [log.work, log.lastWork, log.task.work, log.task.review, ...processes].flatMap(
    (one) => one?.fence ?? [],
  );
  const order = [...new Set(used)].sort((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
  const rank = <T extends { readonly fence: string } | null>(one: T): T =>
    one === null ? one : { ...one, fence: `1.${order.indexOf(one.fence) + 1}` };
  return {
    ...strand,
    log: {
      ...log,
      work: rank(log.work),
      lastWork: rank(log.lastWork),
      task: { work: rank(log.task.work), review: rank(log.task.review) },
    },
    processes: processes.map(rank).sort((a, b) => (a.task < b.task ? -1 : 1)),
  };
}

const SAID = 'Said.';

/** What only people read is not kept: two strands that differ in a sentence alone are one. */
function wordless(log: Strand['log']): Strand['log'] {
  const { task, lastFailure, lastEnd, awaiting, waiting, ending, pullRequest, delivery } = log;
  const given = (live: LiveTask | null) => live && { ...live, why: SAID };
  const said = <T extends { readonly message: string } | null>(one: T): T =>
    one === null ? one : { ...one, message: SAID };
  return {
    ...log,
    task: { work: given(task.work), review: given(task.review) },
    lastFailure: said(lastFailure),
    lastEnd: { work: said(lastEnd.work), review: said(lastEnd.review) },
    awaiting: awaiting && { ...said(awaiting), gate: 1 },
    waiting: said(waiting),
    ending: said(ending),
    pullRequest: pullRequest && { ...pullRequest, url: '' },
    delivery: { ...delivery, failure: said(delivery.failure) },
  };
}

/** 128 bits that stand for a text. */
export function digest(text: string): string {
  return hash('md5', text, 'base64');
}

/** The two developers under each other's names: who is who makes no difference. */
export function exchangedText(text: string): string {
  return text.replaceAll(/dev-([12])/g, (_, number: string) => (number === '1' ? 'dev-2' : 'dev-1'));
}

export function exchanged(strand: Strand): Strand {
  return JSON.parse(exchangedText(JSON.stringify(strand))) as Strand;
}
