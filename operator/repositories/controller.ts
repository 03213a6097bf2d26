import type { Repository, RepositoryStatus } from '#crds';
import { ForgeError, type RepositoryFacts } from '#lib/forge';
import {
  type Change,
  type Condition,
  Controller,
  isConditionTrue,
  type KubeObject,
  type ReconcileResult,
  Retry,
  Stalled,
  StatusProjector,
  setCondition,
  setVerdict,
  type Verdict,
} from '#lib/kube';
import type { Logger } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import { rulesOf } from '../mirror/rules.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { REPOSITORIES } from '../objects.ts';
import { enforcementOf, enforcementStatus, followRules } from './enforcement.ts';
import { resync } from './resync.ts';

const RESYNC_MS = 5 * 60_000;

/** What the newest listing of a Repository found. */
interface Listing {
  readonly at: number;
  readonly generation: number | undefined;
  readonly facts: RepositoryFacts;
  readonly message: string;
}

/** When a Repository is tried again that a person has to mend. */
const STALLED_MS = 30_000;

/** Finds every Repository at its forge, lets one object own one forge repository, and mirrors by listing what no delivery told. */
export class RepositoryController {
  readonly controller: Controller;
  readonly #listings = new Map<string, Listing>();
  readonly #conductor: Conductor;
  readonly #projector: StatusProjector<Repository & KubeObject>;

  constructor(conductor: Conductor, logger: Logger) {
    this.#conductor = conductor;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: REPOSITORIES,
      fieldManager: 'rig-conductor',
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

  async #reconcile(key: string): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const repository = this.#conductor.objects.repositories.get(namespace, name);
    if (repository === undefined) return undefined;
    try {
      const listing = await this.#listing(repository);
      this.#refuseDuplicate(repository, listing.facts);
      await this.#project(repository, { state: 'Ready', reason: 'Accepted', message: listing.message }, listing.facts);
      return { requeueAfterMs: Math.max(1_000, listing.at + RESYNC_MS - this.#conductor.now()) };
    } catch (error) {
      this.#listings.delete(repository.metadata.uid!);
      const verdict = verdictOf(error);
      if (verdict !== null) await this.#project(repository, verdict, null);
      // What mends it is outside of what is watched: a Secret, the forge. Only a twin tells by itself.
      if (error instanceof Stalled && error.reason !== 'DuplicateRepository') return { requeueAfterMs: STALLED_MS };
      throw error;
    }
  }

  /** The forge is asked when the Repository changed and every five minutes, not for each step of an issue. */
  async #listing(repository: Repository & KubeObject): Promise<Listing> {
    const { uid, generation } = repository.metadata;
    const kept = this.#listings.get(uid!);
    const now = this.#conductor.now();
    if (kept !== undefined && kept.generation === generation && now - kept.at < RESYNC_MS - 1_000) return kept;
    const facts = await this.#find(repository);
    this.#refuseDuplicate(repository, facts);
    const problem = await resync(this.#conductor, repository, facts);
    await followRules(this.#conductor, repository, facts.id);
    const listing = { at: now, generation, facts, message: problem ?? `Followed at ${facts.url}.` };
    this.#listings.set(uid!, listing);
    return listing;
  }

  /** The others that stand for the same forge repository, or were found to: whether they may has to be asked again. */
  #keysOfTwins(repository: Repository & KubeObject): string[] {
    const twins = this.#conductor.objects.repositories
      .list()
      .filter((other) => other.metadata.uid !== repository.metadata.uid && isTwin(repository, other));
    return twins.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  async #find(repository: Repository): Promise<RepositoryFacts> {
    const { owner, name, defaultBranch } = repository.spec;
    try {
      const { forge } = await this.#conductor.forges.forRepository(repository);
      const known = repository.status?.forge?.repositoryID;
      const facts = known === undefined ? await forge.repository({ owner, name }) : await forge.repositoryById(known);
      const tip = await forge.branchSHA({ owner: facts.owner, name: facts.name }, defaultBranch);
      if (tip === null)
        throw new Stalled(
          'RepositoryNotReady',
          `${owner}/${name} has no branch ${defaultBranch}; push one, or correct spec.defaultBranch.`,
        );
      const whole = { ...facts, defaultBranch, defaultBranchSHA: tip };
      await this.#conductor.mirror.putRepository(
        this.#conductor.log.pool,
        forgeHost(repository),
        whole,
        new Date(this.#conductor.now()).toISOString(),
      );
      return whole;
    } catch (error) {
      throw translate(error, `${owner}/${name}`);
    }
  }

  /** One forge repository belongs to one Repository in the cluster: the oldest. */
  #refuseDuplicate(repository: Repository & KubeObject, facts: RepositoryFacts): void {
    const found = { host: forgeHost(repository), repositoryID: facts.id, fullName: `${facts.owner}/${facts.name}` };
    const seen = { ...repository, status: { ...repository.status, forge: found } };
    const twins = this.#conductor.objects.repositories
      .list()
      .filter((other) => other.metadata.uid !== repository.metadata.uid && isTwin(seen, other));
    const elder = twins.find((other) => age(other) < age(repository));
    if (elder) {
      throw new Stalled(
        'DuplicateRepository',
        `Repository ${elder.metadata.namespace}/${elder.metadata.name} is older and owns ${facts.owner}/${facts.name}; delete one of the two.`,
      );
    }
  }

  async #project(seen: Repository & KubeObject, verdict: Verdict, facts: RepositoryFacts | null): Promise<void> {
    const repository = this.#projector.latest(seen);
    const generation = repository.metadata.generation ?? 1;
    const stamp = { generation, now: new Date(this.#conductor.now()) };
    const hooked = repository.spec.webhookSecretRef !== undefined;
    let conditions = setVerdict(repository.status?.conditions as Condition[] | undefined, verdict, stamp);
    conditions = setCondition(
      conditions,
      {
        type: 'WebhookHealthy',
        status: hooked ? 'True' : 'False',
        reason: hooked ? 'DeliveriesArrive' : 'NoWebhookSecret',
        message: hooked
          ? 'Deliveries are accepted.'
          : 'No webhook secret is named: a listing mirrors the repository, but starts no work.',
      },
      stamp,
    );
    const { enforcement, condition } = await this.#enforcement(repository, facts);
    conditions = setCondition(conditions, condition, stamp);
    const status: RepositoryStatus = {
      observedGeneration: generation,
      enforcement,
      ...(facts === null
        ? repository.status?.forge === undefined
          ? {}
          : { forge: repository.status.forge }
        : { forge: { host: forgeHost(repository), repositoryID: facts.id, fullName: `${facts.owner}/${facts.name}` } }),
      issues: this.#counts(repository),
      conditions: conditions as RepositoryStatus['conditions'],
    };
    const { result } = await this.#projector.project(repository, status);
    const change = { before: repository.status as Judged | undefined, after: { conditions } };
    if (result === 'applied') recordVerdict(this.#conductor.recorder, repository, change, verdict);
  }

  /** As the newest reading tells it: what a delivery or a listing read, compared with what is asked now. */
  async #enforcement(repository: Repository, facts: RepositoryFacts | null) {
    const { log, now, policy } = this.#conductor;
    const id = facts?.id ?? repository.status?.forge?.repositoryID;
    const read = id === undefined ? null : await rulesOf(log.pool, { host: forgeHost(repository), id });
    return enforcementStatus(enforcementOf(repository, read, now(), policy.factMaxAge), read);
  }

  #counts(repository: Repository): RepositoryStatus['issues'] {
    const issues = this.#conductor.objects.issues
      .list(repository.metadata.namespace!)
      .filter((issue) => issue.spec.repositoryRef.name === repository.metadata.name);
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

/** Whether both stand for one forge repository: by its id where the forge has told it of both, else by its name. */
function isTwin(one: Repository, other: Repository): boolean {
  if (forgeHost(one) !== forgeHost(other)) return false;
  const [id, otherId] = [one.status?.forge?.repositoryID, other.status?.forge?.repositoryID];
  if (id !== undefined && otherId !== undefined) return id === otherId;
  return namesOf(one).some((name) => namesOf(other).includes(name));
}

function namesOf({ spec, status }: Repository): string[] {
  const told = status?.forge?.fullName;
  return [`${spec.owner}/${spec.name}`, ...(told === undefined ? [] : [told])].map((name) => name.toLowerCase());
}

function identityChanged({ type, object, old }: Change<Repository & KubeObject>): boolean {
  return type !== 'update' || old?.status?.forge?.repositoryID !== object.status?.forge?.repositoryID;
}

/** Orders objects by age; uid breaks the tie of one second. */
function age({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}

function translate(error: unknown, repository: string): unknown {
  if (!(error instanceof ForgeError)) return error;
  switch (error.code) {
    case 'NotFound':
      return new Stalled(
        'RepositoryNotFound',
        `The forge has no repository ${repository}, or the credentials cannot see it.`,
        { cause: error },
      );
    case 'Unauthorized':
    case 'Forbidden':
      return new Stalled(
        'CredentialsRefused',
        `The forge refuses the credentials for ${repository}: ${error.message}`,
        { cause: error },
      );
    default:
      return new Retry('ForgeUnreachable', `The forge does not answer for ${repository}: ${error.message}`, {
        cause: error,
      });
  }
}

function verdictOf(error: unknown): Verdict | null {
  if (error instanceof Stalled) return { state: 'Stalled', reason: error.reason, message: error.message };
  if (error instanceof Retry) return { state: 'Reconciling', reason: error.reason, message: error.message };
  return null;
}
