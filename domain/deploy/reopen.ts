import type { DomainEvent } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { IssueState } from '../issue/state.ts';

/** Asks for the work of an issue again because its merged change does not live; nothing where that is no longer so. */
export function decideUndelivered(state: IssueState, reason: string, message: string): DomainEvent[] {
  if (state.merged === null || state.spec === null || state.ending !== null) return [];
  const { uid, generation, spec } = state;
  return [{ type: 'ISSUE_REOPENED', data: { uid: uid!, generation, spec, reason, message: clip(message) } }];
}
