import { isReason, reasons } from '#crds';
import type { DomainEvent } from '#domain';
import type { KubeObject } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import type { SubjectName } from '../store/project.ts';

/** Tells the readers of `kubectl describe issue` what a task was refused; everything else is in the Issue's status. */
export function tellDenied(
  { objects, recorder }: Pick<Conductor, 'objects' | 'recorder'>,
  { namespace, name }: SubjectName,
  event: DomainEvent,
): void {
  const issue = objects.issues.get(namespace, name);
  if (event.type !== 'EGRESS_DENIED' || issue === undefined) return;
  const { task, host, port, reason, count } = event.data;
  const target = `${port === null ? host : `${host}:${port}`}${count === 1 ? '' : `, ${count} times`}`;
  recorder.record(issue as KubeObject, {
    type: 'Warning',
    reason,
    action: 'Connect',
    message: `Task ${task} was refused ${target}: ${isReason(reason) ? reasons[reason] : reason}`,
  });
}
