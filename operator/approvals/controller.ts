import type { Approval, Issue } from '#crds';
import { type ApprovalVerdict, decideLook, type IssueState, type Looked, noIssue, type StoredEvent } from '#domain';
import { Controller, isKubeError, type KubeObject, ReconcileError, type ReconcileResult } from '#lib/kube';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { approvalsOf } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import type { ApprovalCheck } from './check.ts';
import type { PresentReader } from './present.ts';
import { ApprovalProjection, type Unseen, type Used } from './projection.ts';

/** How soon it is found out that a person was taken off the list, in ms. */
const LOOK_EVERY_MS = 30_000;
/** How soon what could not be read is asked for again, in ms. */
const AGAIN_MS = 5_000;
const ENDED = new Set(['Done', 'Failed', 'Cancelled']);

/**
 * Verifies the Approvals of each Issue, tells the log once what became of every one, and projects it into their status.
 * What it writes is for people to read: whoever acts on an Approval verifies its bundle again.
 */
export class ApprovalController {
  readonly controller: Controller;
  readonly #conductor: Conductor;
  readonly #check: Pick<ApprovalCheck, 'of'>;
  readonly #present: Pick<PresentReader, 'of'>;
  readonly #projection: ApprovalProjection;

  constructor(
    conductor: Conductor,
    reading: {
      readonly check: Pick<ApprovalCheck, 'of'>;
      readonly present: Pick<PresentReader, 'of'>;
      /** When the trusted root runs out, as it was read last, in ms; null where it does not, or was not read. */
      readonly rootEnd: () => number | null;
    },
    logger: Logger,
  ) {
    this.#conductor = conductor;
    this.#check = reading.check;
    this.#present = reading.present;
    this.#projection = new ApprovalProjection(conductor, reading.rootEnd);
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

  /** {@link poke} for what was appended to an Issue’s log, unless it is what a look here has just told. */
  grew(subject: { namespace: string; name: string }, events: readonly StoredEvent[]): void {
    if (events.some(({ type }) => !type.startsWith('APPROVAL_'))) this.poke(subject);
  }

  /** Approvals may have been deleted while no conductor watched: looks at every Issue that had one and has not ended. */
  async sweep(): Promise<void> {
    const { log, objects } = this.#conductor;
    const { rows } = await log.pool.query<{ namespace: string; name: string }>(
      `SELECT s.namespace, s.name FROM subjects AS s WHERE s.kind = 'Issue' AND s.uid IS NOT NULL
         AND EXISTS (SELECT 1 FROM events AS e WHERE e.stream = s.id AND e.type IN ('APPROVAL_VERIFIED', 'APPROVAL_REFUSED'))`,
    );
    for (const { namespace, name } of rows)
      if (!ENDED.has(objects.issues.get(namespace, name)?.status?.phase ?? ''))
        this.controller.enqueue(`${namespace}/${name}`);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const { objects, log } = this.#conductor;
    const approvals = approvalsOf(objects, namespace, name);
    const issue = objects.issues.get(namespace, name);
    const subject = await this.#subjectOf(namespace, name, issue);
    const state = subject === undefined ? noIssue : await log.load(subject);
    const present = new Set(
      approvals.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid!),
    );
    if (isSettled(state)) {
      await this.#tell(subject, [], present);
      for (const approval of approvals) await this.#projection.used(approval, useOf(state, approval));
      return undefined;
    }
    const looks = await this.#look(approvals, issue, state, signal);
    const settled = await this.#tell(subject, looks, present);
    const failures: unknown[] = looks.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
    for (const { approval, unseen } of looks) {
      const verdict = settled.get(approval.metadata.uid!);
      const used = useOf(state, approval);
      const projected =
        verdict === undefined
          ? this.#projection.unseen(approval, unseen!, used)
          : this.#projection.verdict(approval, verdict, used);
      await projected.catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    if (approvals.length === 0) return undefined;
    return { requeueAfterMs: settled.size < looks.length ? AGAIN_MS : LOOK_EVERY_MS };
  }

  /** One Approval that cannot be looked at now keeps no other from it. The issue itself is read once for each scope. */
  async #look(
    approvals: readonly (Approval & KubeObject)[],
    issue: (Issue & KubeObject) | undefined,
    state: IssueState,
    signal: AbortSignal,
  ): Promise<Look[]> {
    const present = remembered((scope: Approval['spec']['scope']) => this.#present.of(issue!, state, scope));
    const looks: Look[] = [];
    for (const approval of approvals) {
      signal.throwIfAborted();
      try {
        looks.push({ approval, verdict: await this.#check.of(approval, issue, state, { present }) });
      } catch (error) {
        signal.throwIfAborted();
        looks.push({ approval, ...unseenBy(error) });
      }
    }
    return looks;
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

  /** Tells the log what it does not know, all at once; answers by uid what each is worth in the light of it, where that is known. */
  async #tell(
    subject: SubjectName | undefined,
    looks: readonly Look[],
    present: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, ApprovalVerdict>> {
    const seen = looks.flatMap(({ approval, verdict }) => (verdict === undefined ? [] : [lookOf(approval, verdict)]));
    const settled = new Map(seen.map(({ looked, verdict }) => [looked.uid, verdict]));
    if (subject === undefined) return settled;
    const issueOf = new Map(looks.map(({ approval: { metadata, spec } }) => [metadata.uid, spec.issueRef.uid]));
    await this.#conductor.log.append(subject, CAUSE, (state) => {
      // An issue that nobody has filed yet has no log to tell it in.
      if (state.spec === null) return [];
      const ours = seen.filter(({ looked: { uid } }) => present.has(uid) && issueOf.get(uid) === state.uid);
      const { events, verdicts } = decideLook(state.approvals, ours, present);
      for (const [at, { looked }] of ours.entries()) settled.set(looked.uid, verdicts[at]!);
      return events;
    });
    return settled;
  }
}

/** One Approval and its verdict, or why there is none; `failure` is what nobody expected. */
interface Look {
  readonly approval: Approval & KubeObject;
  readonly verdict?: ApprovalVerdict;
  readonly unseen?: Unseen;
  readonly failure?: unknown;
}

function unseenBy(error: unknown): Pick<Look, 'unseen' | 'failure'> {
  if (error instanceof ReconcileError) return { unseen: { reason: error.reason, message: error.message } };
  const message = `It cannot be looked at now: ${error instanceof Error ? error.message : String(error)}`;
  return { unseen: { reason: 'FactUnknown', message }, ...(!isKubeError(error) && { failure: error }) };
}

const CAUSE = { actor: { kind: 'controller', name: 'approval' } } as const;

/** What was approved has happened, or never will: that its pull request is closed now, or its time over, takes nothing back. */
function isSettled({ merged, ending }: IssueState): boolean {
  return merged !== null || ending !== null;
}

/** What an Approval let through last. */
function useOf({ usedApprovals }: IssueState, { metadata }: Approval & KubeObject): Used | undefined {
  const use = usedApprovals.find(({ uid }) => uid === metadata.uid);
  return use && { event: use.event, at: new Date(use.at).toISOString().replace(/\.\d+Z$/, 'Z') };
}

function lookOf({ metadata, spec }: Approval & KubeObject, verdict: ApprovalVerdict): Looked {
  return { looked: { name: metadata.name!, uid: metadata.uid!, scope: spec.scope }, verdict };
}

function remembered<K, V>(read: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => {
    const found = known.get(key) ?? read(key);
    known.set(key, found);
    return found;
  };
}
