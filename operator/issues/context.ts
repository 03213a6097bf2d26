import type { Agent } from '#crds';
import type { AgentModels, Ceiling, Fact, Gap, LedgerPolicy, ListedPeople, Policy } from '#domain';
import type { EventRecorder, KubeClient } from '#lib/kube';
import type { ConsentPort } from '../approvals/consents.ts';
import type { MachineAttestors } from '../attestors/attestors.ts';
import type { Standing } from '../audit/mark.ts';
import type { Escalations } from '../escalation/escalations.ts';
import type { Forges } from '../forges/forges.ts';
import type { ForgeWrites } from '../forges/writes.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { Objects } from '../objects.ts';
import type { Waiting } from '../pull/waiting.ts';
import type { Production } from '../slo/production.ts';
import type { IssueLog } from '../store/log.ts';
import type { TierPort } from '../tier.ts';

/** What the issue controller works with. `leader.epoch` is the database's; `upSince` is since when conductors hear heartbeats, but for the `gaps` of restarts. */
export interface Conductor {
  readonly client: KubeClient;
  readonly objects: Objects;
  readonly log: IssueLog;
  readonly mirror: Mirror;
  readonly forges: Forges;
  readonly writes: ForgeWrites;
  readonly tier: TierPort;
  /** Which machines signed for a head; left out, nobody knows, and what has to know waits. */
  readonly attestors?: Pick<MachineAttestors, 'of'>;
  /** Who may approve, at most ten seconds old; left out, nobody knows, and what has to know waits. */
  readonly people?: () => Promise<Fact<ListedPeople>>;
  /** What production answers to the questions of a Repository; left out, it is not asked, and what has to know waits. */
  readonly production?: Pick<Production, 'of'>;
  readonly policy: Policy;
  /** How trust is gained and lost. */
  readonly trust: () => LedgerPolicy;
  /** What an Agent is trusted with, by class of work, from memory; left out where no ceiling holds. */
  readonly ceilings?: (agent: Agent) => Fact<ReadonlyMap<string, Ceiling>>;
  /** Which models that is for; asked where `ceilings` is known. */
  readonly models?: (agent: Agent) => AgentModels;
  /** Verifies what people approved; where it is left out, nothing that they approved counts. */
  readonly consents?: ConsentPort;
  readonly recorder: EventRecorder;
  readonly leader: { epoch: number; readonly upSince: number; readonly gaps?: readonly Gap[] };
  /** Whether the database is the newest there is; while it is not, nothing is done on its word. */
  readonly mark: Standing;
  /** Clients of Agents that pull their work; who sees work for an Agent wakes one. */
  readonly waiting: Waiting;
  /** Who tells people that an issue waits for them; nobody in a conductor without sinks. */
  readonly escalations?: Pick<Escalations, 'see'>;
  readonly now: () => number;
}
