import type { Issue, Repository } from '#crds';
import { type Action, decideWish, gateOf, type IssueState, nextAction, observe, type World } from '#domain';
import { ensureSubject, isEventsError, type Subject } from '#lib/events';
import { ForgeError } from '#lib/forge';
import {
  type Condition,
  Controller,
  type KubeObject,
  ReconcileError,
  type ReconcileResult,
  Retry,
  Stalled,
  StatusProjector,
  setVerdict,
} from '#lib/kube';
import { correlate, type Logger, traced } from '#lib/observe';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { ISSUES } from '../objects.ts';
import { Stacks } from '../repositories/stack.ts';
import type { Cause } from '../store/log.ts';
import { perform, type Step } from './actions.ts';
import type { Conductor } from './context.ts';
import { Dispatcher } from './dispatcher.ts';
import { postQuestion } from './question.ts';
import { statusOf } from './status.ts';
import { reconcileDeleted } from './tombstone.ts';
import { wishOf } from './wish.ts';
import { readWorld, repositoryKey } from './world.ts';

/** Steps one reconcile may take before it gives the queue back; the whole life of an issue needs fewer. */
const MAX_STEPS = 40;
const IDLE_MS = 5_000;

/** Brings every Issue to its end, one decided action at a time. */
export class IssueController {
  readonly controller: Controller;
  readonly dispatcher: Dispatcher;
  readonly #conductor: Conductor;
  readonly #stacks = new Stacks();
  /** Uid of every Issue that this process has looked at, by key. */
  readonly #uids = new Map<string, string>();
  readonly #projector: StatusProjector<Issue & KubeObject>;

  constructor(conductor: Conductor, logger: Logger) {
    this.#conductor = conductor;
    this.dispatcher = new Dispatcher(conductor, (subject) => this.poke(subject));
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: ISSUES,
      fieldManager: 'rig-conductor',
    });
    this.controller = new Controller({
      name: 'issue',
      workers: 8,
      logger,
      reconcile: (key, context) => this.#reconcile(key, context.reconcileId),
    });
    const { issues, repositories, agents, tasks, jobs } = conductor.objects;
    const issueOfTask = (object: KubeObject) =>
      (object.metadata.ownerReferences ?? [])
        .filter((owner) => owner.kind === 'Issue')
        .map((owner) => `${object.metadata.namespace}/${owner.name}`);
    this.controller
      .watch(issues, (issue) => [`${issue.metadata.namespace}/${issue.metadata.name}`, ...this.#dependents(issue)])
      .watch(tasks, issueOfTask)
      .watch(jobs, (job) => this.#issueOfJob(job))
      .watch(
        repositories,
        (repository) =>
          this.#openIssues(
            repository.metadata.namespace!,
            (issue) => issue.spec.repositoryRef.name === repository.metadata.name,
          ),
        // Its counts follow the issues; to follow them back would look at every issue for each step of one.
        ({ type, object, old }) => type !== 'update' || matters(object) !== matters(old),
      )
      .watch(agents, (agent) =>
        this.#openIssues(agent.metadata.namespace!, (issue) =>
          ['Queued', 'InReview', 'AwaitingHuman'].includes(issue.status?.phase ?? ''),
        ),
      );
  }

  /** Looks at an issue again soon: its log grew, or the forge said something about it. */
  poke(subject: { namespace: string; name: string }): void {
    this.controller.enqueue(`${subject.namespace}/${subject.name}`);
  }

  #issueOfJob(job: KubeObject): string[] {
    const task = this.#conductor.objects.tasks.get(job.metadata.namespace!, job.metadata.name!);
    return (task?.metadata.ownerReferences ?? [])
      .filter((owner) => owner.kind === 'Issue')
      .map((owner) => `${job.metadata.namespace}/${owner.name}`);
  }

  /** Issues that waited for this one to be done. */
  #dependents(issue: Issue): string[] {
    if (issue.status?.phase !== 'Done') return [];
    return this.#openIssues(issue.metadata.namespace!, (other) =>
      other.spec.dependsOn.some(({ name }) => name === issue.metadata.name),
    );
  }

  #openIssues(namespace: string, wanted: (issue: Issue) => boolean): string[] {
    const open = this.#conductor.objects.issues
      .list(namespace)
      .filter((issue) => !['Done', 'Cancelled'].includes(issue.status?.phase ?? '') && wanted(issue));
    return open.map((issue) => `${namespace}/${issue.metadata.name}`);
  }

  async #reconcile(key: string, reconcileId: string): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const issue = this.#conductor.objects.issues.get(namespace, name);
    const cause: Cause = {
      actor: { kind: 'controller', name: 'issue' },
      causation: { kind: 'request', id: reconcileId },
    };
    if (issue === undefined || issue.metadata.deletionTimestamp !== undefined) {
      this.#uids.delete(key);
      await reconcileDeleted(this.#conductor, namespace, name, cause);
      return undefined;
    }
    try {
      await this.#endReplaced(issue, cause);
      const subject = await this.#subjectOf(issue);
      correlate(subject.id);
      await this.#conductor.log.append(subject, cause, (state) => decideWish(state, wishOf(issue)));
      return await this.#advance(issue, subject, cause);
    } catch (error) {
      const explained = explain(error);
      if (explained instanceof ReconcileError) await this.#projectFailure(issue, explained);
      throw explained;
    }
  }

  /** An object that was deleted and made again may be seen only as it is now: what ran for the old one ends first. */
  async #endReplaced(issue: Issue, cause: Cause): Promise<void> {
    const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
    const key = `${namespace}/${name}`;
    if (this.#uids.get(key) === uid) return;
    await reconcileDeleted(this.#conductor, namespace, name, cause, uid);
    this.#uids.set(key, uid);
  }

  /** Leaves the status as it was, but for the conditions and the sentence that say why the issue stands still. */
  async #projectFailure(seen: Issue & KubeObject, { name, reason, message }: ReconcileError): Promise<void> {
    const issue = this.#projector.latest(seen);
    const generation = issue.metadata.generation ?? 1;
    const state = name === 'Stalled' ? ('Stalled' as const) : ('Reconciling' as const);
    const conditions = setVerdict(
      issue.status?.conditions as Condition[] | undefined,
      { state, reason, message },
      { generation, now: new Date(this.#conductor.now()) },
    );
    const why = message.slice(0, 1_024);
    const status = { phase: 'Pending', ...issue.status, why, observedGeneration: generation, conditions };
    const { result } = await this.#projector.project(issue, status);
    const change = { before: issue.status as Judged | undefined, after: status };
    if (result === 'applied') recordVerdict(this.#conductor.recorder, issue, change, { state, reason, message });
  }

  async #advance(issue: Issue & KubeObject, subject: Subject, cause: Cause): Promise<ReconcileResult> {
    for (let steps = 0; ; steps += 1) {
      const { state, world, action } = await this.#decide(issue, subject, cause);
      const step: Step = {
        conductor: this.#conductor,
        dispatcher: this.dispatcher,
        issue,
        repository: this.#conductor.objects.repositories.get(issue.metadata.namespace!, issue.spec.repositoryRef.name),
        subject,
        state,
        world,
        cause,
      };
      const again = await act(step, action);
      if (again && steps < MAX_STEPS) continue;
      await this.#project(issue, state, world, action);
      if (!(await this.#ask(step))) return { requeueAfterMs: IDLE_MS };
      return again ? { requeueAfterMs: 1_000 } : this.#requeue(state, action);
    }
  }

  /** False when the question could not be posted now; the status has been told by then. */
  async #ask(step: Step): Promise<boolean> {
    try {
      await postQuestion(step);
      return true;
    } catch (error) {
      const explained = explain(error);
      if (!(explained instanceof ReconcileError)) throw error;
      const { reason, message } = explained;
      this.#conductor.recorder.record(step.issue as KubeObject, { type: 'Warning', reason, message });
      return false;
    }
  }

  /** Writes down what the world shows, until it shows nothing new, then asks for the next action. */
  async #decide(
    issue: Issue,
    subject: Subject,
    cause: Cause,
  ): Promise<{ state: IssueState; world: World; action: Action }> {
    const { log, policy, now } = this.#conductor;
    for (;;) {
      const state = await log.load(subject);
      const world = await readWorld(this.#conductor, this.#stacks, issue, subject.id, state);
      const seen = observe(state, world, policy, now());
      if (seen.length === 0) return { state, world, action: nextAction(state, world, policy, now()) };
      await log.append(subject, cause, (newest) => (newest.version === state.version ? seen : []));
    }
  }

  async #project(seen: Issue & KubeObject, state: IssueState, world: World, next: Action): Promise<void> {
    const issue = this.#projector.latest(seen);
    const gate =
      state.pullRequest === null || state.merged !== null
        ? null
        : gateOf(state, world, this.#conductor.policy, this.#conductor.now());
    const number = state.spec?.number;
    const repository = this.#conductor.objects.repositories.get(
      issue.metadata.namespace!,
      issue.spec.repositoryRef.name,
    );
    const url =
      number == null || repository === undefined
        ? null
        : `${repository.spec.cloneURL.replace(/\.git$/, '')}/issues/${number}`;
    const status = statusOf(issue, { state, next, gate, url, now: this.#conductor.now() });
    await this.#projector.project(issue, status);
    if (issue.status?.phase !== status.phase) {
      const type = status.phase === 'AwaitingHuman' || status.phase === 'Failed' ? 'Warning' : 'Normal';
      this.#conductor.recorder.record(issue, {
        type,
        reason: next.reason,
        message: `${status.phase}: ${next.message}`,
      });
    }
  }

  #requeue(state: IssueState, action: Action): ReconcileResult {
    if (action.do === 'wait' && action.until !== null)
      return { requeueAfterMs: Math.max(50, action.until - this.#conductor.now()) };
    // Deadlines of live tasks pass without anybody telling.
    const busy = state.task.work !== null || state.task.review !== null;
    return busy || action.do === 'enqueue' || action.do === 'dispatch' || action.reason === 'ConcurrencyFull'
      ? { requeueAfterMs: IDLE_MS }
      : undefined;
  }

  async #subjectOf(issue: Issue & KubeObject): Promise<Subject> {
    const repository = this.#conductor.objects.repositories.get(
      issue.metadata.namespace!,
      issue.spec.repositoryRef.name,
    );
    const key = repositoryKey(repository);
    const number = issue.spec.number ?? issue.status?.number;
    if (number !== undefined) this.#refuseTwin(issue, number);
    const forge = key === null || number === undefined ? {} : { forge: { host: key.host, repoId: key.id, number } };
    const { namespace, name, uid } = issue.metadata;
    const { subject } = await ensureSubject(this.#conductor.log.pool, {
      kind: 'Issue',
      namespace: namespace!,
      name: name!,
      uid: uid!,
      ...forge,
    });
    return subject;
  }

  /** One forge issue is worked by one object: the oldest. */
  #refuseTwin(issue: Issue & KubeObject, number: number): void {
    const { namespace, uid } = issue.metadata;
    const twins = this.#conductor.objects.issues
      .list(namespace!)
      .filter(
        (other) =>
          other.metadata.uid !== uid &&
          other.metadata.deletionTimestamp === undefined &&
          other.spec.repositoryRef.name === issue.spec.repositoryRef.name &&
          (other.spec.number ?? other.status?.number) === number,
      );
    const elder = twins.find((other) => age(other) < age(issue));
    if (elder)
      throw new Stalled(
        'DuplicateIssue',
        `Issue ${elder.metadata.name} is older and works #${number} already; delete one of the two.`,
      );
  }
}

/** One action as a span; what only waits, or could not be done yet, leaves none. */
function act(step: Step, action: Action): Promise<boolean> {
  if (action.do === 'wait') return perform(step, action);
  const { namespace, name } = step.issue.metadata;
  const attributes = { 'rig.namespace': namespace!, 'rig.issue': name!, 'rig.reason': action.reason };
  return traced(`issue ${action.do}`, { attributes }, async (span) => {
    const again = await perform(step, action);
    if (!again) span.discard();
    return again;
  });
}

/** What of a Repository its issues depend on. */
function matters(repository: Repository | undefined): string {
  const { metadata, status } = repository ?? {};
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  return `${metadata?.generation} ${status?.forge?.repositoryID} ${ready?.status} ${ready?.reason}`;
}

/** Orders objects by age; the uid breaks the tie of one second. */
function age({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}

/** Errors of what the issue stands on, as outcomes that its status can show. */
function explain(error: unknown): unknown {
  if (isEventsError(error, 'NewerEvent')) return new Stalled('NewerEvent', error.message, { cause: error });
  if (isEventsError(error, 'EffectRefused')) return new Retry('ForgeRefused', error.message, { cause: error });
  if (isEventsError(error, 'EffectNotPerformed', 'EffectUnknown') || error instanceof ForgeError)
    return new Retry('ForgeUnreachable', error.message, { cause: error });
  return error;
}
