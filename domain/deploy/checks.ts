import type { Reason } from '#crds';
import { type Action, awaitHuman, wait } from '../issue/action.ts';
import type { IssueState } from '../issue/state.ts';
import type { Policy, World } from '../issue/world.ts';
import { type CheckName, checkKey } from './state.ts';
import { addressOf, type DeployPolicy } from './world.ts';

/** Where the commands of `spec.verify` stand for what is live: all passed, something to do or to wait for, or failed for good. */
export type Verification =
  | { readonly state: 'passed' }
  | { readonly state: 'open'; readonly action: Action }
  | { readonly state: 'failed'; readonly reason: Reason; readonly message: string };

/** One command after the other, each until it passes or has failed as often as the policy allows. */
export function verify(
  state: IssueState,
  world: World,
  deploy: DeployPolicy,
  policy: Policy,
  now: number,
): Verification {
  const production = state.delivery.production!;
  const url = addressOf(deploy, production);
  const next = deploy.checks.find((check) => !state.delivery.checks[check].passed);
  if (next === undefined) return { state: 'passed' };
  if (url === null)
    return {
      state: 'open',
      action: awaitHuman(
        'DeployUrlMissing',
        `Nothing says where ${production.environment} is reached, so ${next} cannot run: set deploy.settings.url of the Repository.`,
      ),
    };
  return runOf(state, world, { check: next, url, revision: production.revision }, policy, now);
}

function runOf(
  { delivery }: IssueState,
  world: World,
  run: { check: CheckName; url: string; revision: string },
  policy: Policy,
  now: number,
): Verification {
  const { check, url } = run;
  const { failures, losses, at, message } = delivery.checks[check];
  if (failures >= policy.maxCheckRuns)
    return { state: 'failed', reason: 'CheckFailed', message: `${check} failed ${failures} times: ${message}` };
  const open = (action: Action): Verification => ({ state: 'open', action });
  if (losses >= policy.maxLosses)
    return open(
      awaitHuman('InfrastructureLost', `The cluster lost the Job of ${check} ${losses} times in a row: ${message}`),
    );
  const tries = failures + losses;
  const due = tries === 0 ? 0 : at + policy.checkBackoff * 2 ** (tries - 1);
  if (now < due) return open(wait('Retrying', `${check} failed and is run again: ${message}`, due));
  const job = checkKey(check, delivery);
  const facts = world.checks.get(job);
  return open(
    facts !== undefined
      ? wait('Verifying', facts.problem ?? `${check} runs against ${url}.`, now + policy.deployInterval)
      : { do: 'verify', ...run, job, reason: 'Verifying', message: `${check} is run against ${url}.` },
  );
}
