/** A command of `spec.verify`, by its name there. */
export type CheckName = 'smoke' | 'e2e' | 'a11y';
export const CHECKS: readonly CheckName[] = ['smoke', 'e2e', 'a11y'];

/** A revision that went live with the change in it. */
export interface Deployed {
  readonly environment: string;
  readonly revision: string;
  readonly url: string | null;
  /** The deployer's own name for it. */
  readonly deployment: string;
}

/** How one command of `spec.verify` stands for the deployment of this {@link DeliveryState.run}. */
export interface CheckState {
  readonly passed: boolean;
  /** Runs that failed through the command's own fault. */
  readonly failures: number;
  /** Runs in a row that the cluster lost. */
  readonly losses: number;
  /** Jobs so far: part of the next one's name. */
  readonly jobs: number;
  readonly at: number;
  readonly message: string;
}

/** What became of an issue's change after the merge, as its events tell it. */
export interface DeliveryState {
  /** In ms; 0 before the merge. */
  readonly mergedAt: number;
  /** Since when this has been waited for, in ms: the merge, or the last thing that started it over. */
  readonly since: number;
  readonly staging: Deployed | null;
  readonly production: Deployed | null;
  /** The newest deployment of the change that failed, while none has succeeded since. */
  readonly failure: (Deployed & { readonly message: string; readonly at: number; readonly aborted: boolean }) | null;
  /** The revision without the change that took its place. */
  readonly rolledBack: { readonly revision: string; readonly at: number } | null;
  /** Number of the deployment that is being checked, from 1. */
  readonly run: number;
  readonly checks: Readonly<Record<CheckName, CheckState>>;
  /** Times the issue was reopened because its merged change did not live. */
  readonly reopenings: number;
  /** Why it was reopened last: what the next attempt is told. */
  readonly reopened: { readonly reason: string; readonly message: string } | null;
}

export const noCheck: CheckState = { passed: false, failures: 0, losses: 0, jobs: 0, at: 0, message: '' };
const noChecks = { smoke: noCheck, e2e: noCheck, a11y: noCheck };

export const noDelivery: DeliveryState = {
  mergedAt: 0,
  since: 0,
  staging: null,
  production: null,
  failure: null,
  rolledBack: null,
  run: 0,
  checks: noChecks,
  reopenings: 0,
  reopened: null,
};

/** The part of a Job's name that says which command it runs, for which deployment and for which time. */
export function checkKey(check: CheckName, { run, checks }: Pick<DeliveryState, 'run' | 'checks'>): string {
  return `${check}-${run}-${checks[check].jobs + 1}`;
}
