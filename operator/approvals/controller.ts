import type { Approval, Issue } from '#crds';
import { type ApprovalVerdict, decideApproval, decideDeleted, type IssueState, noIssue } from '#domain';
import {
  type Condition,
  Controller,
  findCondition,
  type KubeObject,
  type ReconcileResult,
  StatusProjector,
  setCondition,
  setVerdict,
  type Verdict,
} from '#lib/kube';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { APPROVALS, approvalsOf } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import type { ApprovalCheck } from './check.ts';

/** How soon it is found out that a person was taken off the list, in ms. */
const LOOK_EVERY_MS = 30_000;

/**
 * Verifies the Approvals of each Issue, tells the log once what became of every one, and projects it into their status.
 * What it writes is for people to read: whoever acts on an Approval verifies its bundle again.
 */
export class ApprovalController {
  readonly controller: Controller;
  readonly #conductor: Conductor;
  readonly #check: ApprovalCheck;
  readonly #projector: StatusProjector<Approval & KubeObject>;

  constructor(conductor: Conductor, check: ApprovalCheck, logger: Logger) {
    this.#conductor = conductor;
    this.#check = check;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: APPROVALS,
      fieldManager: 'rig-conductor',
    });
    this.controller = new Controller({
      name: 'approval',
      workers: 2,
      logger,
      reconcile: (key, { signal }) => this.#reconcile(key, signal),
    });
    const { objects } = conductor;
    this.controller
      .watch(objects.approvals, ({ metadata, spec }) => [`${metadata.namespace}/${spec.issueRef.name}`])
      .watch(objects.issues, ({ metadata }) =>
        approvalsOf(objects, metadata.namespace!, metadata.name!).length === 0
          ? []
          : [`${metadata.namespace}/${metadata.name}`],
      );
  }

  /** Looks at an Issue’s Approvals because something happened to it that its object does not show. */
  poke({ namespace, name }: { namespace: string; name: string }): void {
    if (approvalsOf(this.#conductor.objects, namespace, name).length > 0)
      this.controller.enqueue(`${namespace}/${name}`);
  }

  /** Approvals may have been deleted while no conductor watched: looks at every Issue that had one. */
  async sweep(): Promise<void> {
    const { rows } = await this.#conductor.log.pool.query<{ namespace: string; name: string }>(
      `SELECT s.namespace, s.name FROM subjects AS s WHERE s.kind = 'Issue' AND s.uid IS NOT NULL
         AND EXISTS (SELECT 1 FROM events AS e WHERE e.stream = s.id AND e.type = 'APPROVAL_VERIFIED')`,
    );
    for (const { namespace, name } of rows) this.controller.enqueue(`${namespace}/${name}`);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const { objects, log } = this.#conductor;
    const approvals = approvalsOf(objects, namespace, name);
    const issue = objects.issues.get(namespace, name);
    const subject = await this.#subjectOf(namespace, name, issue);
    const state = subject === undefined ? noIssue : await log.load(subject);
    if (subject !== undefined) await this.#reconcileDeleted(subject, approvals);
    for (const approval of approvals) {
      signal.throwIfAborted();
      const verdict = await this.#check.of(approval, issue, state);
      if (subject !== undefined && issue?.metadata.uid === approval.spec.issueRef.uid)
        await this.#record(subject, approval, verdict);
      await this.#project(approval, verdict);
    }
    return approvals.length > 0 && state.ending === null ? { requeueAfterMs: LOOK_EVERY_MS } : undefined;
  }

  async #subjectOf(
    namespace: string,
    name: string,
    issue: (Issue & KubeObject) | undefined,
  ): Promise<SubjectName | undefined> {
    const { rows } = await this.#conductor.log.pool.query<{ id: string }>(
      `SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 AND ($3::text IS NULL OR uid = $3) ORDER BY id DESC LIMIT 1`,
      [namespace, name, issue?.metadata.uid ?? null],
    );
    return rows[0] === undefined ? undefined : { id: rows[0].id, namespace, name };
  }

  async #reconcileDeleted(subject: SubjectName, approvals: readonly (Approval & KubeObject)[]): Promise<void> {
    const present = new Set(
      approvals.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid!),
    );
    await this.#conductor.log.append(subject, CAUSE, (state) => decideDeleted(state.approvals, present));
  }

  async #record(
    subject: SubjectName,
    { metadata, spec }: Approval & KubeObject,
    verdict: ApprovalVerdict,
  ): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return;
    const looked = { name: metadata.name!, uid: metadata.uid!, scope: spec.scope };
    // An issue that nobody has filed yet has no log to tell it in.
    const decide = (state: IssueState) => (state.spec === null ? [] : decideApproval(state.approvals, looked, verdict));
    await this.#conductor.log.append(subject, CAUSE, decide);
  }

  async #project(approval: Approval & KubeObject, verdict: ApprovalVerdict): Promise<void> {
    const generation = approval.metadata.generation ?? 1;
    const stamp = { generation, now: new Date(this.#conductor.now()) };
    const { status } = this.#projector.latest(approval);
    const before = status?.conditions as Condition[] | undefined;
    const said = verdictOf(verdict);
    const { reason, message } = said;
    const condition = { type: 'Verified', status: verdict.verified ? 'True' : 'False', reason, message } as const;
    const conditions = setCondition(setVerdict(before, said, stamp), condition, stamp);
    const holds = verdict.verified && {
      identity: verdict.identity,
      verifiedAt: findCondition(conditions, 'Verified')!.lastTransitionTime,
      expiresAt: new Date(verdict.expiresAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    const projection = await this.#projector.project(approval, {
      observedGeneration: generation,
      ...holds,
      conditions,
    } as never);
    if (projection.result !== 'applied') return;
    recordVerdict(
      this.#conductor.recorder,
      approval,
      { before: status as Judged | undefined, after: { conditions } },
      said,
    );
  }
}

const CAUSE = { actor: { kind: 'controller', name: 'approval' } } as const;

function verdictOf(verdict: ApprovalVerdict): Verdict {
  if (!verdict.verified) return { state: 'Stalled', reason: verdict.reason, message: verdict.message };
  const until = new Date(verdict.expiresAt).toISOString();
  return {
    state: 'Ready',
    reason: 'Verified',
    message: `${verdict.identity.subject} signed exactly this; it holds until ${until}.`,
  };
}
