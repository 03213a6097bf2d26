import type { Issue } from '#crds';
import { type Action, gateOf, type IssueState, type World } from '#domain';
import { type Condition, cutText, type KubeObject, type ReconcileError, StatusProjector, setVerdict } from '#lib/kube';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { ISSUES } from '../objects.ts';
import { repositoryURL } from '../repositories/name.ts';
import type { Conductor } from './context.ts';
import { statusOf } from './status.ts';

/** Longest `status.why`, as the CRD has it. */
const WHY_LIMIT = 512;

/** Shows in an Issue's status, and in its Kubernetes Events, what the log says of it and what comes next. */
export class IssueProjection {
  readonly #conductor: Conductor;
  readonly #projector: StatusProjector<Issue & KubeObject>;

  constructor(conductor: Conductor) {
    this.#conductor = conductor;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: ISSUES,
      fieldManager: 'rig-conductor',
    });
  }

  /** Whether this version of the Issue is one that was written here. */
  wrote(issue: Issue & KubeObject): boolean {
    return this.#projector.wrote(issue);
  }

  /** Writes the whole status, where it differs from the one that is there. */
  async write(seen: Issue & KubeObject, state: IssueState, world: World, next: Action): Promise<void> {
    const issue = this.#projector.latest(seen);
    const { policy, now, objects, recorder } = this.#conductor;
    const decided = state.pullRequest === null || state.merged !== null;
    const gate = decided ? null : gateOf(state, world, policy, now());
    const number = state.spec?.number;
    const repository = objects.repositories.get(issue.metadata.namespace!, issue.spec.repositoryRef.name);
    const url = number == null || repository === undefined ? null : `${repositoryURL(repository)}/issues/${number}`;
    const status = statusOf(issue, { state, next, gate, url, now: now() });
    await this.#projector.project(issue, status);
    if (issue.status?.phase === status.phase) return;
    const type = status.phase === 'AwaitingHuman' || status.phase === 'Failed' ? 'Warning' : 'Normal';
    recorder.record(issue, { type, reason: next.reason, message: `${status.phase}: ${next.message}` });
  }

  /** Leaves the status as it was, but for the conditions and the sentence that say why the issue stands still. */
  async fail(seen: Issue & KubeObject, { name, reason, message }: ReconcileError): Promise<void> {
    const issue = this.#projector.latest(seen);
    const generation = issue.metadata.generation ?? 1;
    const state = name === 'Stalled' ? ('Stalled' as const) : ('Reconciling' as const);
    const conditions = setVerdict(
      issue.status?.conditions as Condition[] | undefined,
      { state, reason, message },
      { generation, now: new Date(this.#conductor.now()) },
    );
    const why = cutText(message, WHY_LIMIT);
    const status = { phase: 'Pending', ...issue.status, why, observedGeneration: generation, conditions };
    const { result } = await this.#projector.project(issue, status);
    const change = { before: issue.status as Judged | undefined, after: status };
    if (result === 'applied') recordVerdict(this.#conductor.recorder, issue, change, { state, reason, message });
  }
}
