import { isReason, reasons } from '#crds';
import type { DomainEvent } from '#domain';
import type { KubeObject } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import type { SubjectName } from '../store/project.ts';

/**
 * Tells the readers of `kubectl describe` what a task was refused: each host on its AgentTask, and on the Issue only that there were
 * any. What is said again is the same words, so that it becomes a series; and a task that tries host after host uses up what may be
 * told of itself, not what may be told of the Issue.
 */
export function tellDenied(
  { objects, recorder }: Pick<Conductor, 'objects' | 'recorder'>,
  { namespace, name }: SubjectName,
  event: DomainEvent,
): void {
  if (event.type !== 'EGRESS_DENIED') return;
  const { task: taskName, host, port, reason } = event.data;
  const warn = (object: object | undefined, message: string) => {
    if (object !== undefined)
      recorder.record(object as KubeObject, { type: 'Warning', reason, action: 'Connect', message });
  };
  const target = host === '*' ? 'Further hosts' : port === null ? host : `${host}:${port}`;
  const why = isReason(reason) ? reasons[reason] : reason;
  warn(objects.tasks.get(namespace, taskName), `${target} refused: ${why}`);
  warn(
    objects.issues.get(namespace, name),
    `Connections of task ${taskName} were refused: ${why} kubectl describe agenttask ${taskName} names the hosts.`,
  );
}
