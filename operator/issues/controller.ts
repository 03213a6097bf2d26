import type { Issue } from '#crds';
import {
  type Action,
  decideAcknowledgement,
  decidePreparation,
  decideWish,
  type IssueState,
  liveTasks,
  lossDue,
  nextAction,
  observe,
  type World,
} from '#domain';
import { isEventsError, type Subject } from '#lib/events';
import {
  type Clock,
  Controller,
  type KubeObject,
  type ReconcileContext,
  ReconcileError,
  type ReconcileResult,
} from '#lib/kube';
import { correlate, type Logger, traced } from '#lib/observe';
import { requireStanding } from '../audit/guard.ts';
import { Deployers } from '../deploy/deployers.ts';
import { acknowledgementOf } from '../escalation/acknowledged.ts';
import { Stacks } from '../repositories/stack.ts';
import { Draft } from '../store/draft.ts';
import type { Cause } from '../store/log.ts';
import { type Done, perform, type Step } from './actions.ts';
import { type Begin, Beginnings } from './beginnings.ts';
import type { Conductor } from './context.ts';
import { Denials } from './denials.ts';
import { Dispatcher } from './dispatcher.ts';
import { Filling } from './filling.ts';
import { closeFinished } from './finished.ts';
import { explain } from './outcome.ts';
import { Places } from './places.ts';
import { preparationOf } from './prepared.ts';
import { IssueProjection } from './projection.ts';
import { postQuestion } from './question.ts';
import { Subjects } from './subject.ts';
import { reconcileDeleted } from './tombstone.ts';
import { watchForIssues } from './triggers.ts';
import { wishOf } from './wish.ts';
import { readWorld } from './world.ts';

/** Steps one reconcile may take before it gives the queue back; the whole life of an issue needs fewer. */
const MAX_STEPS = 40;
const IDLE_MS = 5_000;
/** Until the caches show the task that was just begun. */
const SOON_MS = 25;
/**
 * How long an issue that is not at its end is left alone when nothing tells of what it waits for. Nearly all of it tells; this finds the rest: a
 * Secret that is whole again, an account that could not be asked for.
 */
const UNTOLD_MS = 600_000;
/** Brings every Issue to its end, one decided action at a time. */
export class IssueController {
  readonly controller: Controller;
  readonly dispatcher: Dispatcher;
  readonly #conductor: Conductor;
  readonly #stacks = new Stacks();
  readonly #deployers: Deployers;
  readonly #subjects = new Subjects();
  /** Uid of every Issue that this process has looked at, by key. */
  readonly #uids = new Map<string, string>();
  readonly #projection: IssueProjection;
  readonly #places: Places;
  readonly #denials = new Denials();
  readonly #beginnings: Beginnings;
  readonly #filling: Filling;

  constructor(conductor: Conductor, logger: Logger, { clock, begin }: { clock?: Clock; begin?: Begin } = {}) {
    this.#conductor = conductor;
    this.#deployers = new Deployers(conductor);
    this.#beginnings = new Beginnings(begin);
    this.#places = new Places({
      wake: (key) => this.controller.enqueue(key),
      fill: (agentUid) => this.#filling.ask(agentUid),
    });
    this.#filling = new Filling({
      fill: async (agentUid) => {
        if (this.controller.running && conductor.mark.behind() === null) await this.dispatcher.fill(agentUid);
      },
      onError: (err, agentUid) => logger.warn({ err, agentUid }, 'the queue could not be served'),
    });
    this.dispatcher = new Dispatcher(conductor, (subject) => this.poke(subject), logger);
    this.#projection = new IssueProjection(conductor);
    this.controller = new Controller({
      name: 'issue',
      workers: 16,
      logger,
      reconcile: (key, context) => this.#reconcile(key, context),
      // What is put right elsewhere may tell nobody.
      onOutcome: (key, { kind }) => void (kind === 'Stalled' && this.controller.enqueue(key, jittered(UNTOLD_MS))),
      ...(clock && { clock }),
    });
    watchForIssues(this.controller, conductor.objects, (issue) => this.#projection.wrote(issue));
  }

  /** Looks at an issue again soon: its log grew, or the forge said something about it. */
  poke(subject: { namespace: string; name: string }): void {
    this.controller.enqueue(`${subject.namespace}/${subject.name}`);
  }

  /** {@link poke}, and what became free with it is offered on. */
  grew(subject: { namespace: string; name: string }, growth: { before: IssueState; state: IssueState }): void {
    this.poke(subject);
    const left = new Set(liveTasks(growth.state).map(({ name }) => name));
    this.freed(liveTasks(growth.before).flatMap(({ name, agent }) => (left.has(name) ? [] : [agent.uid])));
  }

  /** Offers what may be free of these Agents on. */
  freed(agentUids: readonly string[]): void {
    if (this.controller.running) for (const agentUid of agentUids) this.#places.freed(agentUid);
  }

  /** Offers every Agent's free places on: for what became free while nobody told. It costs a look or two for each Agent. */
  sweep(): void {
    this.freed(this.dispatcher.serving());
  }

  /** Looks again at what the ceilings of a namespace's Agents decide: what is queued, and what asks a person. */
  trustMoved(namespace: string): void {
    for (const { metadata, status } of this.#conductor.objects.issues.list(namespace))
      if (status?.phase === 'Queued' || status?.phase === 'AwaitingHuman')
        this.poke({ namespace, name: metadata.name! });
  }

  /** Resolves when no claim is under way: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#filling.idle();
  }

  async #reconcile(key: string, { reconcileId, signal }: ReconcileContext): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const issue = this.#conductor.objects.issues.get(namespace, name);
    const gone = issue === undefined || issue.metadata.deletionTimestamp !== undefined;
    if (gone && this.#conductor.mark.behind() !== null) return { requeueAfterMs: IDLE_MS };
    const cause: Cause = {
      actor: { kind: 'controller', name: 'issue' },
      causation: { kind: 'request', id: reconcileId },
    };
    if (gone) {
      this.#subjects.forget(this.#uids.get(key) ?? '');
      this.#uids.delete(key);
      this.#places.looked(key);
      await reconcileDeleted(this.#conductor, namespace, name, cause);
      return undefined;
    }
    try {
      requireStanding(this.#conductor.mark);
      await this.#endReplaced(issue, cause);
      const subject = await this.#subjects.of(this.#conductor, issue);
      correlate(subject.id);
      return await this.#conductor.log.retrying(() => this.#advance(issue, subject, cause, signal));
    } catch (error) {
      this.#places.looked(key);
      if (isEventsError(error, 'SubjectMissing')) this.#subjects.forget(issue.metadata.uid!);
      const explained = explain(error, this.#conductor.now());
      if (explained instanceof ReconcileError) await this.#projection.fail(issue, explained);
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

  async #advance(
    issue: Issue & KubeObject,
    subject: Subject,
    cause: Cause,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    let draft = await this.#open(issue, subject, cause);
    for (let steps = 0; ; steps += 1) {
      signal.throwIfAborted();
      const { world, action } = await this.#decide(issue, subject, draft);
      const { state } = draft;
      const step: Step = {
        conductor: this.#conductor,
        dispatcher: this.dispatcher,
        denials: this.#denials,
        beginnings: this.#beginnings,
        issue,
        repository: this.#conductor.objects.repositories.get(issue.metadata.namespace!, issue.spec.repositoryRef.name),
        subject,
        draft,
        state,
        world,
        cause,
        onTold: () => this.controller.enqueue(keyOf(issue)),
        signal,
      };
      const done = await act(step, action);
      if (done === 'acted') draft = await this.#open(issue, subject, cause);
      const again = done === 'acted' || done === 'decided';
      if (again && steps < MAX_STEPS) continue;
      this.#places.looked(keyOf(issue), done === 'rests' ? wantedPlaces(action) : []);
      // Others may be waiting for their Jobs: the status is written at the next look.
      if (done === 'begun') return { requeueAfterMs: SOON_MS };
      await draft.commit();
      // Neither may keep the other from a person: a status that is refused, a forge that is away.
      const [told, asked] = await Promise.allSettled([
        this.#projection.write(issue, state, world, action),
        this.#ask(step),
      ]);
      if (told.status === 'rejected') throw told.reason;
      if (asked.status === 'rejected') throw asked.reason;
      if (!asked.value) return { requeueAfterMs: IDLE_MS };
      return again ? { requeueAfterMs: 1_000 } : this.#requeue(step, action);
    }
  }

  /** Tells the forge what follows from the log; false when that could not be done now. */
  async #ask(step: Step): Promise<boolean> {
    try {
      await postQuestion(step);
      await closeFinished(step);
      return true;
    } catch (error) {
      const explained = explain(error, this.#conductor.now());
      if (!(explained instanceof ReconcileError)) throw error;
      const { reason, message } = explained;
      this.#conductor.recorder.record(step.issue as KubeObject, { type: 'Warning', reason, message });
      return false;
    }
  }

  /** What the log says of the issue, and what its object asks for besides. */
  async #open(issue: Issue, subject: Subject, cause: Cause): Promise<Draft> {
    const { log, now, escalations } = this.#conductor;
    const state = await log.load(subject);
    // Before anything that may fail: that a person is waited for is told whatever else is wrong.
    escalations?.see(subject, state);
    const draft = new Draft(log, subject, cause, state, now);
    draft.add(decideWish(draft.state, wishOf(issue)));
    const acknowledgement = acknowledgementOf(issue);
    if (acknowledgement !== null) draft.add(decideAcknowledgement(draft.state, acknowledgement));
    const preparation = preparationOf(issue);
    if (preparation !== null) draft.add(decidePreparation(draft.state, preparation));
    return draft;
  }

  /** Adds what the world shows, until it shows nothing new, then asks for the next action. */
  async #decide(issue: Issue, subject: Subject, draft: Draft): Promise<{ world: World; action: Action }> {
    const { policy, now } = this.#conductor;
    for (;;) {
      const world = await readWorld(
        this.#conductor,
        this.#stacks,
        this.#deployers,
        issue,
        subject.id,
        draft.state,
        () => this.controller.enqueue(keyOf(issue)),
      );
      const seen = observe(draft.state, world, policy, now());
      if (seen.length === 0) return { world, action: nextAction(draft.state, world, policy, now()) };
      draft.add(seen);
    }
  }

  /** When to look again though nobody tells: time ends a wait and a silent task. */
  #requeue(step: Step, action: Action): ReconcileResult {
    const { state, world } = step;
    const now = this.#conductor.now();
    const due = [
      state.ending === null ? now + jittered(UNTOLD_MS) : null,
      action.do === 'wait' ? action.until : null,
      lossDue(state, world, this.#conductor.policy),
      this.#beginnings.due(step),
    ];
    const next = Math.min(...due.filter((at) => at !== null));
    return next === Infinity ? undefined : { requeueAfterMs: Math.max(50, next - now) };
  }
}

/** Uids of the Agents whose free place an issue waits for outside the queue; none where it waits for none. */
function wantedPlaces(action: Action): readonly string[] {
  if (action.do === 'dispatch') return [action.agent.uid];
  return action.do === 'wait' ? (action.places ?? []) : [];
}

function keyOf({ metadata }: Issue): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Spreads what began together. */
const jittered = (ms: number): number => ms * (0.8 + 0.4 * Math.random());

/** One action as a span; what only waits, or could not be done yet, leaves none. */
function act(step: Step, action: Action): Promise<Done> {
  if (action.do === 'wait') return perform(step, action);
  const { namespace, name } = step.issue.metadata;
  const attributes = { 'rig.namespace': namespace!, 'rig.issue': name!, 'rig.reason': action.reason };
  return traced(`issue ${action.do}`, { attributes }, async (span) => {
    const done = await perform(step, action);
    if (done === 'rests') span.discard();
    return done;
  });
}
