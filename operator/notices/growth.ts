import { type Issue, type Reason, reason } from '#crds';
import type { StoredEvent } from '#domain';
import type { EventInput, EventRecorder, KubeObject } from '#lib/kube';

/** What of an issue's log `kubectl describe` shows beside its phases: each is told when its event is appended, so once. */
export function recordGrowth(recorder: EventRecorder, issue: Issue | undefined, events: readonly StoredEvent[]): void {
  if (issue === undefined) return;
  for (const event of events) {
    const notice = noticeOf(event);
    if (notice !== undefined) recorder.record(issue as KubeObject, notice);
  }
}

function noticeOf({ type, data }: StoredEvent): EventInput | undefined {
  switch (type) {
    case 'PR_CREATED':
      return normal(reason('Delivered'), `Pull request #${data.number} is open: ${data.url}`);
    case 'REVIEW_DISPUTED':
      return normal(reason('ChangesRequested'), `${data.by.login} asks for changes on ${data.headSHA.slice(0, 8)}.`);
    case 'MERGED':
      return normal(reason('Merged'), `Pull request #${data.number} is merged as ${data.mergeSHA}.`);
    case 'DEPLOYED_PRODUCTION':
      return normal(reason('Deployed'), `${data.environment} is at ${data.revision}, with the change in it.`);
    case 'DEPLOY_FAILED':
      return warning(reason('DeployFailed'), `The deployment to ${data.environment} failed: ${data.message}`);
    case 'ROLLED_BACK':
      return warning(reason('RolledBack'), data.message);
    case 'SMOKE_FAILED':
    case 'E2E_FAILED':
    case 'A11Y_FAILED':
      return warning(reason('CheckFailed'), `Job ${data.job} against ${data.url}: ${data.message}`);
    case 'TASK_LOST':
      return warning(reason('TaskLost'), `Task ${data.task} was lost: ${data.message}`);
    default:
      return undefined;
  }
}

function warning(cause: Reason, message: string): EventInput {
  return { type: 'Warning', reason: cause, message };
}

function normal(cause: Reason, message: string): EventInput {
  return { type: 'Normal', reason: cause, message };
}
