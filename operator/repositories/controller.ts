import { annotations, type Repository, type RepositoryStatus } from '#crds';
import { ForgeError, type RepositoryFacts } from '#lib/forge';
import {
  type Change,
  type Condition,
  Controller,
  isConditionTrue,
  type KubeObject,
  type Projection,
  type ReconcileResult,
  Retry,
  Stalled,
  StatusProjector,
  setVerdict,
  type Verdict,
  Waiting,
} from '#lib/kube';
import type { Logger } from '#lib/observe';
import { requireStanding } from '../audit/guard.ts';
import { forgeHost } from '../forges/forges.ts';
import { waitingForLimit } from '../forges/limited.ts';
import { hookOf } from '../intake/hooks.ts';
import type { Conductor } from '../issues/context.ts';
import { rulesOf } from '../mirror/rules.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { issuesOf, REPOSITORIES } from '../objects.ts';
import { conditionsOf } from './conditions.ts';
import { missingOf, noteMissing } from './deliveries.ts';
import { Attestations, enforcementOf, enforcementStatus, followRules } from './enforcement.ts';
import { findRepository } from './find.ts';
import { type Following, resync } from './resync.ts';
import { isPowerless, refuseDuplicate, twinsOf } from './twins.ts';

const RESYNC_MS = 5 * 60_000;

type Object = Repository & KubeObject;

/** What the newest listing of a Repository found. */
interface Listing {
  readonly at: number;
  readonly generation: number | undefined;
  /** The value of the annotation that asks for a listing now. */
  readonly asked: string | undefined;
  readonly facts: RepositoryFacts;
  readonly message: string;
  /** Set where the rate limit of the forge kept it from being read to its end. */
  readonly limited: Waiting | null;
}

/** When a Repository is tried again that a person has to mend: soon for what is mended in the cluster, later for what the forge says. */
const STALLED_MS = 30_000;
const REFUSED_MS = 60_000;

/** Finds every Repository at its forge, lets one object own one forge repository, and finds by listing what no delivery told. */
export class RepositoryController {
  readonly controller: Controller;
  readonly #listings = new Map<string, Listing>();
  readonly #attestations = new Attestations();
  readonly #conductor: Conductor;
  readonly #following: Following;
  readonly #resyncMs: number;
  readonly #logger: Logger;
  readonly #projector: StatusProjector<Object>;

  /** `resyncMs`: between two listings of one Repository; default five minutes. */
  constructor(conductor: Conductor, logger: Logger, following: Following, { resyncMs = RESYNC_MS } = {}) {
    this.#conductor = conductor;
    this.#following = following;
    this.#resyncMs = resyncMs;
    this.#logger = logger;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: REPOSITORIES,
      fieldManager: 'rig-conductor',
      // Every step of an issue moves them.
      volatile: ['issues', 'webhook.lastDelivery'],
      volatileMs: 1_000,
    });
    this.controller = new Controller({
      name: 'repository',
      workers: 2,
      logger,
      reconcile: (key) => this.#reconcile(key),
    });
    const { repositories, issues } = conductor.objects;
    this.controller
      .watch(repositories)
      .watch(repositories, (repository) => this.#keysOfTwins(repository), identityChanged)
      .watch(
        issues,
        (issue) => [`${issue.metadata.namespace}/${issue.spec.repositoryRef.name}`],
        ({ type, object, old }) => type !== 'update' || old?.status?.phase !== object.status?.phase,
      );
  }

  /** Looks at the forge now: it said something about the repository itself. */
  poke({ metadata }: Object): void {
    this.#listings.delete(metadata.uid!);
    this.controller.enqueue(`${metadata.namespace}/${metadata.name}`);
  }

  async #reconcile(key: string): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const { repositories } = this.#conductor.objects;
    const repository = repositories.get(namespace, name);
    if (repository === undefined) return undefined;
    try {
      requireStanding(this.#conductor.mark);
      const listing = await this.#listing(repository);
      refuseDuplicate(repositories.list(), repository, listing.facts);
      if (this.#attestations.isNew(repository)) await followRules(this.#conductor, repository, listing.facts.id);
      const verdict = { state: 'Ready', reason: 'Accepted', message: listing.message } as const;
      const projection = await this.#project(repository, verdict, listing);
      const due = listing.at + (listing.limited?.afterMs ?? this.#resyncMs);
      const deferred = projection.result === 'deferred' ? projection.afterMs : Infinity;
      return { requeueAfterMs: Math.min(deferred, Math.max(1_000, due - this.#conductor.now())) };
    } catch (error) {
      return this.#failed(repository, error);
    }
  }

  async #failed(repository: Object, error: unknown): Promise<ReconcileResult> {
    this.#listings.delete(repository.metadata.uid!);
    const verdict = verdictOf(error, repository);
    const failure = { asked: askedOf(repository), limited: error instanceof Waiting ? error : null };
    if (verdict !== null) await this.#project(repository, verdict, failure);
    // What mends it is outside of what is watched: a Secret, the forge. Only a twin tells by itself.
    if (error instanceof Stalled && error.reason !== 'DuplicateRepository')
      return { requeueAfterMs: error.cause instanceof ForgeError ? REFUSED_MS : STALLED_MS };
    if (error instanceof Waiting) return { requeueAfterMs: error.afterMs };
    throw error;
  }

  /** The forge is asked when the Repository changed, when a person asks, and every five minutes: not for each step of an issue. */
  async #listing(repository: Object): Promise<Listing> {
    const { uid, generation } = repository.metadata;
    const asked = askedOf(repository);
    const kept = this.#listings.get(uid!);
    const now = this.#conductor.now();
    const fresh = kept !== undefined && kept.generation === generation && kept.asked === asked;
    if (fresh && now - kept.at < (kept.limited?.afterMs ?? this.#resyncMs) - 1_000) return kept;
    const facts = await findRepository(this.#conductor, repository);
    const { message, limited } = await this.#resync(repository, facts);
    const listing = { at: now, generation, asked, facts, message, limited };
    this.#listings.set(uid!, listing);
    return listing;
  }

  /** What the listings could not tell is no reason to stop following. */
  async #resync(repository: Object, facts: RepositoryFacts): Promise<Pick<Listing, 'message' | 'limited'>> {
    const { log, now, recorder } = this.#conductor;
    const message = `Followed at ${facts.url}.`;
    try {
      const found = await resync(this.#conductor, this.#following, repository, facts);
      await followRules(this.#conductor, repository, facts.id);
      if (found.untold) await noteMissing(log.pool, { host: forgeHost(repository), id: facts.id }, found.untold, now());
      for (const refusal of found.refused)
        recorder.record(repository, { type: 'Warning', reason: 'LabelerUnknown', message: refusal });
      if (found.taken.length > 0)
        this.#logger.info(
          { repository: repository.metadata.name, taken: found.taken },
          'a listing found what no delivery told',
        );
      const problem = found.problems.join(' ');
      return { message: problem === '' ? message : `The last listing was not whole: ${problem}`, limited: null };
    } catch (error) {
      const limited = waitingForLimit(error, now());
      if (limited === null && !(error instanceof ForgeError)) throw error;
      return { message: limited === null ? `The last listing failed: ${(error as Error).message}` : message, limited };
    }
  }

  #keysOfTwins(repository: Object): string[] {
    const twins = twinsOf(this.#conductor.objects.repositories.list(), repository);
    return twins.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  async #project(
    seen: Object,
    verdict: Verdict,
    listing: Listing | Pick<Listing, 'asked' | 'limited'>,
  ): Promise<Projection> {
    const repository = this.#projector.latest(seen);
    const facts = 'facts' in listing ? listing.facts : null;
    const stamp = { generation: repository.metadata.generation ?? 1, now: new Date(this.#conductor.now()) };
    const { enforcement, ...known } = await this.#seen(repository, facts);
    const judged = setVerdict(repository.status?.conditions as Condition[] | undefined, verdict, stamp);
    const conditions = conditionsOf(judged, repository, { ...known, facts, limited: listing.limited }, stamp);
    const forge =
      facts === null
        ? repository.status?.forge
        : { host: forgeHost(repository), repositoryID: facts.id, fullName: `${facts.owner}/${facts.name}` };
    const status: RepositoryStatus = {
      ...syncOf(repository, listing),
      observedGeneration: stamp.generation,
      enforcement,
      ...(forge && { forge }),
      webhook: webhookOf(conditions, known.hook?.deliveredAt ?? null),
      issues: this.#counts(repository),
      conditions: conditions as RepositoryStatus['conditions'],
    };
    const projection = await this.#projector.project(repository, status);
    const change = { before: repository.status as Judged | undefined, after: { conditions } };
    if (projection.result === 'applied') recordVerdict(this.#conductor.recorder, repository, change, verdict);
    return projection;
  }

  /** What the database knows of a repository beside its listing: what holds merges there as it was read last, and which deliveries came. */
  async #seen(repository: Repository, facts: RepositoryFacts | null) {
    const { log, now, policy } = this.#conductor;
    const id = facts?.id ?? repository.status?.forge?.repositoryID;
    const key = id === undefined ? null : { host: forgeHost(repository), id };
    const read = key === null ? null : await rulesOf(log.pool, key);
    const enforced = enforcementStatus(enforcementOf(repository, read, now(), policy.factMaxAge), read);
    return {
      enforcement: enforced.enforcement,
      enforced: enforced.condition,
      hook: key === null ? null : await hookOf(log.pool, key),
      missing: key === null ? null : await missingOf(log.pool, key),
    };
  }

  #counts(repository: Repository): RepositoryStatus['issues'] {
    const issues = issuesOf(this.#conductor.objects, repository.metadata.namespace!, repository.metadata.name!);
    const byPhase: Record<string, number> = {};
    for (const issue of issues)
      byPhase[issue.status?.phase ?? 'Pending'] = (byPhase[issue.status?.phase ?? 'Pending'] ?? 0) + 1;
    const open = issues.filter(
      (issue) =>
        !isConditionTrue(issue.status?.conditions as Condition[] | undefined, 'Done') &&
        issue.status?.phase !== 'Cancelled',
    ).length;
    return { open, byPhase };
  }
}

/** The value that asks for a listing, as far as the status has room to answer it. */
function askedOf({ metadata }: Repository): string | undefined {
  return metadata.annotations?.[annotations.sync]?.slice(0, 128);
}

/** When it was listed to its end last, and which request was answered last. */
function syncOf(
  { status }: Repository,
  listing: Listing | Pick<Listing, 'asked' | 'limited'>,
): Partial<RepositoryStatus> {
  const whole = 'at' in listing && listing.limited === null;
  const at = whole ? `${new Date(listing.at).toISOString().slice(0, 19)}Z` : status?.lastSyncedAt;
  const asked = listing.asked ?? status?.lastHandledSync;
  return { ...(at && { lastSyncedAt: at }), ...(asked && { lastHandledSync: asked }) };
}

/** To the minute: a status that follows each delivery would be written with each. */
function webhookOf(conditions: readonly Condition[], deliveredAt: Date | null): RepositoryStatus['webhook'] {
  const at = deliveredAt === null ? {} : { lastDeliveryAt: `${deliveredAt.toISOString().slice(0, 16)}:00Z` };
  return { healthy: isConditionTrue(conditions, 'WebhookHealthy'), ...at };
}

function identityChanged({ type, object, old }: Change<Object>): boolean {
  if (type !== 'update' || old === undefined) return true;
  const found = old.status?.forge?.repositoryID !== object.status?.forge?.repositoryID;
  return found || isPowerless(old) !== isPowerless(object);
}

/** A rate limit takes nothing from a Repository that is Ready: it is told by a condition of its own. */
function verdictOf(error: unknown, { status }: Repository): Verdict | null {
  if (error instanceof Stalled) return { state: 'Stalled', reason: error.reason, message: error.message };
  if (error instanceof Retry) return { state: 'Reconciling', reason: error.reason, message: error.message };
  if (!(error instanceof Waiting)) return null;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True'
    ? { state: 'Ready', reason: ready.reason, message: ready.message }
    : { state: 'Reconciling', reason: error.reason, message: error.message };
}
