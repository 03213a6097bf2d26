import type { DeliveryState } from './state.ts';

/** Kinds of `spec.deploy` that this conductor can follow. */
export const FOLLOWED: ReadonlySet<string> = new Set(['deployments', 'cloudflare-pages', 'flux', 'flagger']);

/** How a Repository wants a merged change delivered. */
export interface DeployPolicy {
  /** `none`, or the word for the system that deploys. */
  readonly kind: string;
  /** Whether a stage before production is named: nothing is checked or done before the change was live there. */
  readonly staging: boolean;
  /** Commands of `spec.verify` that are given, in the order in which they run. */
  readonly checks: readonly ('smoke' | 'e2e' | 'a11y')[];
  /** Where the change is reached, as the Repository says: what the deployer says counts only where this is null. */
  readonly url: string | null;
  /** What follows a deployment that failed, was taken back or did not stand its checks, once the retries are used up. */
  readonly onFailure: 'reopen' | 'await-human';
  /** How long a deployment is waited for before a person is asked, in ms. */
  readonly timeoutMs: number;
}

/** What a deployer says of one environment now. */
export interface StageFacts {
  readonly environment: string;
  /** What is live there. `contains`: whether it has the merged change in it. Null: nothing is, as far as the deployer says. */
  readonly live: {
    readonly revision: string;
    readonly contains: boolean;
    readonly url: string | null;
    readonly deployment: string;
  } | null;
  /** The newest deployment of a revision with the change in it, if it ended badly. */
  readonly failed: {
    readonly revision: string;
    readonly deployment: string;
    readonly message: string;
    /** It was tried on a part of the traffic and given up: what was there before never went. Default false. */
    readonly aborted?: boolean;
  } | null;
  /** What the deployer is at, or what it is waited for to say: one sentence. */
  readonly says: string;
}

export interface DeliveryFacts {
  readonly staging: StageFacts | null;
  readonly production: StageFacts;
}

/** A Job of a command of `spec.verify`: running, or ended as its status says. */
export interface CheckJobFacts {
  readonly ended: {
    readonly passed: boolean;
    /** The cluster took it away: it says nothing of the change. */
    readonly infrastructure: boolean;
    readonly message: string;
  } | null;
  /** While it runs: what keeps it from getting on, in one sentence. */
  readonly problem: string | null;
}

/** Whether the stage before production is still waited for, whatever is live in production. */
export function isHeld({ staging }: Pick<DeliveryState, 'staging'>, deploy: Pick<DeployPolicy, 'staging'>): boolean {
  return deploy.staging && staging === null;
}

/** Where a deployed change is reached: the Repository's word before that of whoever may report a deployment. */
export function addressOf(
  deploy: Pick<DeployPolicy, 'url'>,
  told: { readonly url: string | null } | null,
): string | null {
  return deploy.url ?? told?.url ?? null;
}
