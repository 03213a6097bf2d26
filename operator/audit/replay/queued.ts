import { type IssueState, priorityRank } from '#domain';
import { QUEUE } from './columns.ts';
import { type Difference, diffFields, type Row } from './difference.ts';
import type { Known } from './history.ts';

/**
 * Compares what is queued with what the log says of it. A row that is missing is no difference: the controller decides it anew. One that is
 * there for an issue which nobody may claim is. Pure.
 */
export function diffQueue(
  rows: readonly Row[],
  subjects: ReadonlyMap<string, Known>,
  states: ReadonlyMap<string, IssueState>,
): Difference[] {
  return rows.flatMap((row): Difference[] => {
    const subject = subjects.get(String(row.subject));
    const state = states.get(String(row.subject));
    const what = `${row.namespace}/${row.issue}`;
    if (subject === undefined || state === undefined || !mayWait(state))
      return [{ where: 'queue', what, field: 'row', live: row, replayed: null }];
    // Decided on an older version it is dropped when it is taken, whatever it says.
    if (row.version !== state.version) return [];
    const replayed = {
      namespace: subject.namespace,
      issue: subject.name,
      priority: priorityRank(state.spec!.priority),
      filed_at: new Date(state.filedAt),
    };
    return diffFields('queue', what, QUEUE.columns, row, replayed);
  });
}

function mayWait({ spec, work, ending, awaiting }: IssueState): boolean {
  return spec !== null && work === null && ending === null && awaiting === null;
}
