import type { Approval } from '#crds';
import {
  type ApprovalScope,
  type ApprovalVerdict,
  consentFor,
  decideApproval,
  type IssueState,
  type RecordedApproval,
} from '#domain';
import { type KubeObject, Waiting } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import { APPROVALS } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import type { ApprovalCheck } from './check.ts';

/** How long what was verified may be acted on, in ms. */
const FRESH_MS = 2_000;
const AGAIN_MS = 5_000;
const REMEMBERED = 1_024;
const CAUSE = { actor: { kind: 'controller', name: 'approval' } } as const;

/** Verifies what people approved for whoever is about to act on it. */
export interface ConsentPort {
  /**
   * The Approval that lets a step of an issue through, verified from its bundle this moment; null where there is none, which the log then tells. Throws
   * ReconcileError where that cannot be found out now: whoever asked does nothing. With `uid` that of this object alone.
   */
  confirm(subject: SubjectName, scope: ApprovalScope, uid?: string): Promise<RecordedApproval | null>;
  /** What {@link confirm} answered for exactly this state within the last two seconds; null otherwise. Asks nobody, so that a transaction may. */
  recent(subject: string, state: IssueState, scope: ApprovalScope): RecordedApproval | null;
}

interface Confirmed {
  readonly consent: RecordedApproval;
  readonly version: number;
  readonly at: number;
}

/** Verifies with the object, the lists of people and the trusted root as the API server has them now; what a cache or the log says is not enough. */
export class Consents implements ConsentPort {
  readonly #conductor: Pick<Conductor, 'log' | 'client' | 'objects' | 'now'>;
  readonly #check: Pick<ApprovalCheck, 'of'>;
  readonly #confirmed = new Map<string, Confirmed>();

  constructor(conductor: Pick<Conductor, 'log' | 'client' | 'objects' | 'now'>, check: Pick<ApprovalCheck, 'of'>) {
    this.#conductor = conductor;
    this.#check = check;
  }

  async confirm(subject: SubjectName, scope: ApprovalScope, only?: string): Promise<RecordedApproval | null> {
    const { log, now } = this.#conductor;
    for (;;) {
      const state = await log.load(subject);
      const consent = consentFor(state, scope, now(), only);
      if (consent === null) return null;
      const verdict = await this.#verify(subject, state, consent);
      if (verdict.verified && verdict.digest === consent.digest) {
        this.#remember(`${subject.id} ${scope}`, { consent, version: state.version, at: now() });
        return consent;
      }
      const { name, uid } = consent;
      const { events } = await log.append(subject, CAUSE, (newest) =>
        decideApproval(newest.approvals, { name, uid, scope }, verdict),
      );
      if (events.length === 0)
        throw new Waiting(AGAIN_MS, 'FactUnknown', `Approval ${name} cannot be verified now${saidBy(verdict)}`);
    }
  }

  recent(subject: string, { version }: IssueState, scope: ApprovalScope): RecordedApproval | null {
    const confirmed = this.#confirmed.get(`${subject} ${scope}`);
    const now = this.#conductor.now();
    if (confirmed?.version !== version || now - confirmed.at > FRESH_MS || now >= confirmed.consent.expiresAt)
      return null;
    return confirmed.consent;
  }

  async #verify({ namespace, name }: SubjectName, state: IssueState, consent: RecordedApproval) {
    const { client, objects } = this.#conductor;
    const approval = await client.find<Approval & KubeObject>(APPROVALS, { namespace, name: consent.name });
    if (approval?.metadata.uid !== consent.uid || approval.metadata.deletionTimestamp !== undefined)
      return deleted(consent);
    return this.#check.of(approval, objects.issues.get(namespace, name), state, { fresh: true });
  }

  #remember(key: string, confirmed: Confirmed): void {
    if (this.#confirmed.size >= REMEMBERED) this.#confirmed.clear();
    this.#confirmed.set(key, confirmed);
  }
}

/** {@link ConsentPort.confirm} where the step must not be taken without it. Throws Waiting where nothing can be verified at all. */
export async function confirmOf(
  { consents }: Pick<Conductor, 'consents'>,
  subject: SubjectName,
  scope: ApprovalScope,
  uid?: string,
): Promise<RecordedApproval | null> {
  if (consents !== undefined) return consents.confirm(subject, scope, uid);
  throw new Waiting(AGAIN_MS, 'TrustUnreadable', 'No Approval can be verified here, so none lets anything through.');
}

function deleted({ name, signature }: RecordedApproval): ApprovalVerdict {
  return {
    verified: false,
    reason: 'ApprovalDeleted',
    message: `Approval ${name} was deleted, which takes it back.`,
    signature,
  };
}

function saidBy(verdict: ApprovalVerdict): string {
  return verdict.verified ? '; it is of another document than the log knows.' : `: ${verdict.message}`;
}
