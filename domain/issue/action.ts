import { isReason, type Reason } from '#crds';
import type { CheckName } from '../deploy/state.ts';
import type { AgentRef } from '../events/catalogue.ts';
import type { RepositoryPolicy, World } from './world.ts';

interface Said {
  /** From the registry of reasons. */
  readonly reason: Reason;
  /** One sentence for a person. */
  readonly message: string;
}

/** Everything the conductor can do for an issue. The set is closed; each says why. */
export type Action = Said &
  (
    | { readonly do: 'fileForgeIssue' }
    | { readonly do: 'classify'; readonly tier: NonNullable<World['tier']> }
    | { readonly do: 'enqueue'; readonly candidates: readonly AgentRef[]; readonly stack: string | null }
    | {
        readonly do: 'dispatch';
        readonly kind: 'rework' | 'review';
        readonly agent: AgentRef;
        readonly headSHA: string;
      }
    | { readonly do: 'prepare'; readonly agent: AgentRef }
    | {
        readonly do: 'merge';
        readonly number: number;
        readonly headSHA: string;
        readonly method: RepositoryPolicy['mergeMethod'];
      }
    | { readonly do: 'readPullRequest'; readonly number: number }
    | { readonly do: 'reportGate'; readonly gate: string; readonly headSHA: string }
    | { readonly do: 'closeStalePullRequest'; readonly number: number }
    | { readonly do: 'cancelTask'; readonly task: string }
    | { readonly do: 'release' }
    | { readonly do: 'awaitHuman' }
    | { readonly do: 'cancelIssue' }
    | {
        readonly do: 'verify';
        readonly check: CheckName;
        /** Ends the Job's name. */
        readonly job: string;
        readonly url: string;
        readonly revision: string;
      }
    | { readonly do: 'reopen' }
    | {
        readonly do: 'finish';
        readonly verified?: { readonly revision: string; readonly url: string; readonly checks: readonly string[] };
      }
    | { readonly do: 'fail' }
    | {
        readonly do: 'wait';
        readonly until: number | null;
        /** Uids of the Agents for a free place of one of which it waits; only where it waits for one. */
        readonly places?: readonly string[];
      }
  );

export const wait = (reason: Reason, message: string, until: number | null = null): Action => ({
  do: 'wait',
  reason,
  message,
  until,
});

export const awaitHuman = (reason: Reason, message: string): Action => ({ do: 'awaitHuman', reason, message });

/** A reason read back from the log; one that this release does not know says at least that the task failed. */
export const registered = (word: string): Reason => (isReason(word) ? word : 'TaskFailed');
