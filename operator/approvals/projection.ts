import type { Approval, Reason } from '#crds';
import type { ApprovalVerdict } from '#domain';
import {
  type Condition,
  findCondition,
  type KubeObject,
  StatusProjector,
  setAbnormalCondition,
  setCondition,
  setVerdict,
  type Verdict,
} from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { APPROVALS } from '../objects.ts';

/** How long before its end a trusted root is told to need a new one, in ms. */
const ROOT_NOTICE_MS = 30 * 86_400_000;

/** Why an Approval could not be looked at. */
export interface Unseen {
  readonly reason: string;
  readonly message: string;
}

/** What an Approval let through, and when (RFC 3339). */
export type Used = NonNullable<NonNullable<Approval['status']>['consumedBy']>;

/** Writes into an Approval’s status what it is worth, for people to read. */
export class ApprovalProjection {
  readonly #conductor: Pick<Conductor, 'recorder' | 'now'>;
  readonly #rootEnd: () => number | null;
  readonly #projector: StatusProjector<Approval & KubeObject>;

  constructor(conductor: Pick<Conductor, 'client' | 'recorder' | 'now'>, rootEnd: () => number | null) {
    this.#conductor = conductor;
    this.#rootEnd = rootEnd;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: APPROVALS,
      fieldManager: 'rig-conductor',
    });
  }

  async verdict(approval: Approval & KubeObject, verdict: ApprovalVerdict, used: Used | undefined): Promise<void> {
    await this.#project(approval, verdictOf(verdict), verdict.verified ? 'True' : 'False', { verdict, used });
  }

  /** It is not known now what it is worth: nothing of before is told on. */
  async unseen(approval: Approval & KubeObject, { reason, message }: Unseen, used: Used | undefined): Promise<void> {
    await this.#project(approval, { state: 'Reconciling', reason, message }, 'Unknown', { used });
  }

  /** What was approved is settled: its status stays, but for what it let through. */
  async used(approval: Approval & KubeObject, used: Used | undefined): Promise<void> {
    const { status } = this.#projector.latest(approval);
    if (used === undefined || status === undefined || status.consumedBy?.at === used.at) return;
    await this.#projector.project(approval, { ...status, consumedBy: used } as never);
  }

  async #project(
    approval: Approval & KubeObject,
    said: Verdict,
    status: Condition['status'],
    { verdict, used }: { verdict?: ApprovalVerdict; used: Used | undefined },
  ): Promise<void> {
    const generation = approval.metadata.generation ?? 1;
    const stamp = { generation, now: new Date(this.#conductor.now()) };
    const known = this.#projector.latest(approval).status;
    const before = known?.conditions as Condition[] | undefined;
    const { reason, message } = said;
    const verified = setCondition(
      setVerdict(before, said, stamp),
      { type: 'Verified', status, reason, message },
      stamp,
    );
    const conditions = setAbnormalCondition(verified, ...this.#rootExpiring(), stamp);
    const holds = verdict?.verified && {
      identity: verdict.identity,
      verifiedAt: findCondition(conditions, 'Verified')!.lastTransitionTime,
      expiresAt: new Date(verdict.expiresAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    const projection = await this.#projector.project(approval, {
      observedGeneration: generation,
      ...holds,
      ...(used !== undefined && { consumedBy: used }),
      conditions,
    } as never);
    if (projection.result !== 'applied') return;
    recordVerdict(
      this.#conductor.recorder,
      approval,
      { before: known as Judged | undefined, after: { conditions } },
      said,
    );
  }

  #rootExpiring(): [boolean, { type: 'TrustedRootExpiring'; reason: Reason; message: string }] {
    const end = this.#rootEnd();
    const soon = end !== null && end - this.#conductor.now() < ROOT_NOTICE_MS;
    const when = new Date(end ?? 0).toISOString();
    const message = `Nothing that is signed after ${when} can be verified by the trusted root; rig trust root update replaces it.`;
    return [soon, { type: 'TrustedRootExpiring', reason: 'TrustedRootExpiring', message }];
  }
}

function verdictOf(verdict: ApprovalVerdict): Verdict {
  if (!verdict.verified) return { state: 'Stalled', reason: verdict.reason, message: verdict.message };
  const until = new Date(verdict.expiresAt).toISOString();
  return {
    state: 'Ready',
    reason: 'Verified',
    message: `${verdict.identity.subject} signed exactly this; it holds until ${until}.`,
  };
}
