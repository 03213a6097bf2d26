import type { Reason } from '#crds';
import { type Action, awaitHuman, registered, wait } from '../issue/action.ts';
import type { IssueState } from '../issue/state.ts';
import type { Policy, World } from '../issue/world.ts';
import { verify } from './checks.ts';
import { addressOf, type DeliveryFacts, type DeployPolicy, FOLLOWED, isHeld } from './world.ts';

/** The one thing to do next for an issue whose change is merged: until it is live and verified, as far as its Repository asks for that. */
export function deliver(state: IssueState, world: World, policy: Policy, now: number): Action {
  if (!world.repository.known) return wait('RepositoryNotReady', world.repository.why);
  const { deploy } = world.repository.value;
  if (deploy.kind === 'none')
    return { do: 'finish', reason: 'Merged', message: 'The change is merged, and the Repository deploys nothing.' };
  if (state.work !== null || state.task.work !== null || state.task.review !== null)
    return { do: 'release', reason: 'Merged', message: 'The change is merged; what follows takes no agent.' };
  const next = step(state, world, deploy, policy, now);
  // Asked already: the same question is not asked twice, and whatever answers it is looked for.
  const asked = next.do === 'awaitHuman' && state.awaiting?.reason === next.reason;
  return asked ? wait(registered(state.awaiting.reason), state.awaiting.message, now + policy.deployInterval) : next;
}

function step(state: IssueState, world: World, deploy: DeployPolicy, policy: Policy, now: number): Action {
  const { delivery } = state;
  if (!FOLLOWED.has(deploy.kind))
    return awaitHuman(
      'DeployUnsupported',
      `The change is merged; this conductor cannot tell what ${deploy.kind} deploys. Set deploy.kind of the Repository to deployments, if that reports to the forge, or to flux; none ends the issue.`,
    );
  if (delivery.rolledBack !== null) return takenBack(state, deploy, policy, now);
  if (delivery.production === null || isHeld(delivery, deploy)) return awaited(state, world, deploy, policy, now);
  const checked = verify(state, world, deploy, policy, now);
  if (checked.state === 'failed') return broken(state, deploy, policy, checked.reason, checked.message);
  if (checked.state === 'open') return checked.action;
  if (!world.delivery.known) return wait('FactUnknown', world.delivery.why, now + policy.deployInterval);
  // Taken down since, with nothing in its place: not live, whatever was checked.
  if (world.delivery.value.production.live === null)
    return overdue(state, deploy, now, world.delivery.value.production.says, policy);
  return finished(state, deploy);
}

function finished({ delivery }: IssueState, deploy: DeployPolicy): Action {
  const { revision, environment } = delivery.production!;
  const where = addressOf(deploy, delivery.production);
  const live = `The change is live in ${environment} at ${revision.slice(0, 8)}`;
  const checks = deploy.checks;
  return checks.length === 0 || where === null
    ? { do: 'finish', reason: 'Done', message: `${live}; the Repository names no command that would verify it.` }
    : {
        do: 'finish',
        reason: 'Done',
        message: `${live}, and verified: ${checks.join(', ')}.`,
        verified: { revision, url: where, checks },
      };
}

/** Something else may be about to take its place: only what stays so is acted on. */
function takenBack(state: IssueState, deploy: DeployPolicy, policy: Policy, now: number): Action {
  const { revision, at } = state.delivery.rolledBack!;
  const message = `What is live (${revision.slice(0, 8)}) no longer has the change in it.`;
  const due = at + policy.rollbackSettle;
  return now < due
    ? wait(
        'RolledBack',
        `${message} A deployment that has it is waited for.`,
        Math.min(due, now + policy.deployInterval),
      )
    : broken(state, deploy, policy, 'RolledBack', message);
}

/** The change is not live yet everywhere it has to be. */
function awaited(state: IssueState, world: World, deploy: DeployPolicy, policy: Policy, now: number): Action {
  const { failure } = state.delivery;
  const says = world.delivery.known ? saying(state, deploy, world.delivery.value) : null;
  if (failure !== null) {
    const { environment, revision } = failure;
    const what = failure.aborted ? 'canary' : 'deployment';
    const reason = failure.aborted ? 'CanaryAborted' : 'DeployFailed';
    const message = `The ${what} of ${revision.slice(0, 8)} to ${environment} failed: ${failure.message}`;
    const due = failure.at + policy.deployRetry;
    return now < due
      ? wait(reason, `${message} Another one is waited for.`, Math.min(due, now + policy.deployInterval))
      : broken(state, deploy, policy, reason, message);
  }
  if (says === null && !world.delivery.known && now < state.delivery.since + deploy.timeoutMs)
    return wait('FactUnknown', world.delivery.why, now + policy.deployInterval);
  return overdue(state, deploy, now, says ?? (world.delivery.known ? '' : world.delivery.why), policy);
}

function saying({ delivery }: IssueState, deploy: DeployPolicy, { staging, production }: DeliveryFacts): string {
  if (!isHeld(delivery, deploy)) return production.says;
  const says = staging?.says ?? 'Nothing has been told of it yet.';
  if (delivery.production === null) return staging === null ? production.says : says;
  const where = staging?.environment ?? 'the stage before it';
  return `The change is live in ${delivery.production.environment}; ${where} is waited for as well: ${says}`;
}

function overdue(state: IssueState, deploy: DeployPolicy, now: number, says: string, policy: Policy): Action {
  const due = state.delivery.since + deploy.timeoutMs;
  const minutes = Math.round(deploy.timeoutMs / 60_000);
  return now < due
    ? wait('DeployPending', says, Math.min(due, now + policy.deployInterval))
    : awaitHuman('DeployTimedOut', `${says} That has been so for ${minutes} min. ${ANSWERS}`);
}

/** What a person can do that is heard here. */
const ANSWERS =
  'A deployment that has the change in it is taken up by itself, whenever it is told of; /rig retry waits and checks once more; deploy.kind none of the Repository ends the issue.';

/** The retries are used up: the issue is worked again, or a person is asked. */
function broken(state: IssueState, deploy: DeployPolicy, policy: Policy, reason: Reason, message: string): Action {
  if (state.awaiting === null && deploy.onFailure === 'reopen' && state.delivery.reopenings < policy.maxReopenings)
    return { do: 'reopen', reason, message };
  return awaitHuman(reason, `${message} ${ANSWERS}`);
}
