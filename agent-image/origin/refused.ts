import { TaskFailure } from '../failure.ts';
import type { GitFailure } from '../git/index.ts';

/** Says in one sentence why a push was refused, with the gateway's own words where it gave some. `ForgeUnreachable` where it was not refused but could not be made. */
export function refusedPush(branch: string, failure: GitFailure): TaskFailure {
  const said = failure.stderr
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.slice('remote:'.length).trim())
    .filter((line) => line !== '')
    .join(' ');
  const status = /(?:returned error: |HTTP )(\d{3})/.exec(failure.stderr)?.[1];
  const why = said || because(failure.stderr, status) || failure.message;
  // Nobody's fault, and so no attempt that is used up.
  if (status !== undefined && status >= '500')
    return new TaskFailure('ForgeUnreachable', `The push to ${branch} could not be made: ${why}`, { cause: failure });
  return new TaskFailure('PushRefused', `The push to ${branch} was refused: ${why}`, { cause: failure });
}

function because(stderr: string, status: string | undefined): string | undefined {
  if (/non-fast-forward|fetch first|behind its remote/.test(stderr))
    return 'the branch has moved on the forge since this task began, and only a fast-forward is taken.';
  if (status === '409') return 'the task is no longer live.';
  if (status === '401' || status === '403') return 'the gateway does not accept this task for that ref.';
  if (status !== undefined) return `the gateway answered ${status}.`;
  return undefined;
}
