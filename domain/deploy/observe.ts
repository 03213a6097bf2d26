import type { DomainEvent } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { IssueState } from '../issue/state.ts';
import type { World } from '../issue/world.ts';
import { type CheckName, checkKey, type Deployed } from './state.ts';
import {
  addressOf,
  type CheckJobFacts,
  type DeliveryFacts,
  type DeployPolicy,
  FOLLOWED,
  isHeld,
  type StageFacts,
} from './world.ts';

/** What deployer and Jobs show of a merged change that the log does not say yet. Unknown facts say nothing. */
export function observeDelivery(state: IssueState, world: World): DomainEvent[] {
  if (state.merged === null || !world.repository.known) return [];
  const { deploy } = world.repository.value;
  if (deploy.kind === 'none') return [];
  const answered = observeAnswer(state, deploy);
  if (answered.length > 0) return answered;
  const told = world.delivery.known ? world.delivery.value : null;
  const staged = told?.staging ? observeStaging(state, told.staging) : [];
  const live = told === null ? [] : observeProduction(state, deploy, told);
  return [...staged, ...live, ...(live.length === 0 ? observeChecks(state, world, deploy) : [])];
}

/** The Repository says by now what a person was asked to say in it. */
function observeAnswer({ awaiting, delivery }: IssueState, deploy: DeployPolicy): DomainEvent[] {
  const url = addressOf(deploy, delivery.production);
  const answered =
    (awaiting?.reason === 'DeployUnsupported' && FOLLOWED.has(deploy.kind)) ||
    (awaiting?.reason === 'DeployUrlMissing' && url !== null);
  return answered ? [{ type: 'HUMAN_GATE_CLEARED', data: { reason: awaiting.reason } }] : [];
}

function observeStaging({ delivery, merged }: IssueState, stage: StageFacts): DomainEvent[] {
  if (delivery.staging !== null) return [];
  if (stage.live?.contains === true)
    return [{ type: 'DEPLOYED_STAGING', data: deployedOf(stage.environment, stage.live) }];
  return observeFailure({ delivery, merged }, stage);
}

/**
 * A later revision with the change in it is told only where it matters: after a failure that waits for a person, or once the change
 * was taken back. Else a repository that deploys often would never be through its checks. What is asked of a stage before it, it does not answer.
 */
function observeProduction(
  { delivery, awaiting, merged }: IssueState,
  deploy: DeployPolicy,
  { staging, production: stage }: DeliveryFacts,
): DomainEvent[] {
  const { live } = stage;
  const held = isHeld(delivery, deploy);
  if (live?.contains === true) {
    const same = delivery.production?.deployment === live.deployment && delivery.production.revision === live.revision;
    const wanted = delivery.production === null || (awaiting !== null && !held && !same);
    return wanted ? [{ type: 'DEPLOYED_PRODUCTION', data: deployedOf(stage.environment, live) }] : [];
  }
  if (live !== null && delivery.production !== null) {
    const { environment, revision, deployment } = deployedOf(stage.environment, live);
    const message = clip(`${environment} is at ${revision.slice(0, 8)}, which does not have the change in it.`);
    return [{ type: 'ROLLED_BACK', data: { environment, revision, deployment, message } }];
  }
  // One failure is remembered: that of the stage which is waited for first.
  const first = delivery.staging === null && (staging?.failed ?? null) !== null;
  return delivery.production === null && !first ? observeFailure({ delivery, merged }, stage) : [];
}

/** A canary that was given up speaks against the change only where it was of the change itself: a later revision has others in it as well. */
function observeFailure(
  { delivery: { failure: before }, merged }: Pick<IssueState, 'delivery' | 'merged'>,
  { environment, failed }: StageFacts,
): DomainEvent[] {
  if (failed === null || (before?.deployment === failed.deployment && before.environment === environment)) return [];
  const { revision, deployment, message, aborted = false } = failed;
  const data = { environment, revision, deployment, message: clip(message) };
  return [{ type: aborted && revision === merged?.sha ? 'CANARY_ABORTED' : 'DEPLOY_FAILED', data }];
}

function deployedOf(environment: string, live: NonNullable<StageFacts['live']>): Deployed {
  const { revision, url, deployment } = live;
  return { environment, revision, url, deployment };
}

function observeChecks({ delivery }: IssueState, world: World, deploy: DeployPolicy): DomainEvent[] {
  const { production } = delivery;
  const url = addressOf(deploy, production);
  if (production === null || url === null || isHeld(delivery, deploy)) return [];
  return deploy.checks.flatMap((check) => {
    if (delivery.checks[check].passed) return [];
    const job = checkKey(check, delivery);
    const ended = world.checks.get(job)?.ended ?? null;
    return ended === null ? [] : [checkEvent(check, { job, revision: production.revision, url: clip(url) }, ended)];
  });
}

function checkEvent(
  check: CheckName,
  data: { job: string; revision: string; url: string },
  { passed, infrastructure, message }: NonNullable<CheckJobFacts['ended']>,
): DomainEvent {
  const name = check.toUpperCase() as Uppercase<CheckName>;
  return passed
    ? { type: `${name}_PASSED`, data }
    : { type: `${name}_FAILED`, data: { ...data, message: clip(message), infrastructure } };
}
