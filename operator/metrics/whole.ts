import { traceWhole } from '#lib/observe';
import type { SubjectName } from '../store/project.ts';
import type { Growth } from './growth.ts';

/** Records the span of a whole issue when it has come to an end; one that is reopened is recorded again, longer. */
export function traceEnd(subject: SubjectName, { before, state }: Growth): void {
  if (state.ending === null || before.ending !== null) return;
  traceWhole(subject.id, 'issue', {
    startedAt: state.filedAt,
    attributes: {
      'rig.namespace': subject.namespace,
      'rig.issue': subject.name,
      'rig.ending': state.ending.kind,
      'rig.reason': state.ending.reason,
    },
  });
}
