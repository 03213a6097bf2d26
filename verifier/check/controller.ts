import type { Issue, Repository } from '#crds';
import type { HeadVerdict } from '#domain';
import { ForgeError } from '#lib/forge';
import { Controller, type KubeObject, type ReconcileContext, type ReconcileResult, Retry, Waiting } from '#lib/kube';
import type { Logger, Metrics } from '#lib/observe';
import type { HeldIn, Signatures } from '../approvals/signatures.ts';
import type { VerifierForges } from '../forge/forges.ts';
import { gradedBy, type Objects } from '../objects.ts';
import { type HeadJudge, headsOf, type Looked, type OpenHead } from './judge.ts';
import { Polls } from './poll.ts';
import { Reporter } from './report.ts';
import { strictest, Twins } from './twins.ts';

export interface CheckParts {
  readonly objects: Objects;
  readonly forges: Pick<VerifierForges, 'forRepository' | 'forget'>;
  readonly judge: Pick<HeadJudge, 'of'>;
  readonly signatures: Pick<Signatures, 'sweep'>;
  /** Whether the object that held a signature is there still, from the API server itself. */
  readonly isThere: (held: HeldIn) => Promise<boolean>;
  /** Undefined once this replica does not lead, or cannot prove it. */
  readonly epoch: () => number | undefined;
  readonly pollMs: number;
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const TIMEOUT_MS = 600_000;

/** Looks at each Repository's open pull requests, and reports on every head whether trust lets it be merged. */
export class CheckController {
  readonly controller: Controller;
  readonly #parts: CheckParts;
  readonly #polls = new Polls();
  readonly #reporter: Reporter;
  readonly #twins: Twins;

  constructor(parts: CheckParts) {
    this.#parts = parts;
    this.#reporter = new Reporter(parts.now);
    this.#twins = new Twins(parts.forges, parts.now);
    const { objects, logger } = parts;
    this.controller = new Controller({
      name: 'check',
      workers: 2,
      timeoutMs: TIMEOUT_MS,
      logger,
      reconcile: (key, context) => this.#reconcile(key, context),
    });
    this.controller
      .watch(objects.repositories, undefined, isAsked)
      .watch(objects.issues, repositoryOfIssue, isGradedAnew)
      .watch(
        objects.approvals,
        ({ metadata, spec }) => {
          const issue = objects.issues.get(metadata.namespace, spec.issueRef.name);
          return issue === undefined ? [] : repositoryOfIssue(issue);
        },
        isAsked,
      )
      .watch(objects.policies, ({ metadata }) => gradedBy(objects, metadata.name!), isAsked);
    const all = () => objects.repositories.list().map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    for (const said of objects.trust) this.controller.watch(said, all, isAnother);
  }

  /** What was reported before this replica led is not known. */
  beginLeading(): void {
    this.#reporter.forgetAll();
  }

  /** Looks at a repository of the forge soon, because something is said to have moved there; what stands on the head `again` is looked at too. */
  hint(owner: string, name: string, again?: string): void {
    if (again !== undefined) this.#reporter.forget(again);
    const wanted = `${owner}/${name}`.toLowerCase();
    for (const { metadata, spec } of this.#parts.objects.repositories.list())
      if (`${spec.owner}/${spec.name}`.toLowerCase() === wanted)
        this.controller.enqueue(`${metadata.namespace}/${metadata.name}`);
  }

  /** The number of what a Repository was last seen to stand for; undefined where this replica has not looked. */
  seenAs(key: string): number | undefined {
    return this.#polls.idOf(key);
  }

  async #reconcile(key: string, context: ReconcileContext): Promise<ReconcileResult> {
    const { objects, pollMs, now, signatures, isThere } = this.#parts;
    const repository = objects.repositories.byKey(key);
    if (repository === undefined || repository.metadata.deletionTimestamp !== undefined)
      return void this.#polls.forget(key);
    // First of all: a signature is taken back whether or not the forge answers.
    await signatures.sweep(isThere);
    const looked = await this.#lookAtAll(await this.#look(key, repository));
    const [first] = looked;
    // One of those that stand for one repository speaks for all of them.
    if (first === undefined || first.key !== key) {
      if (first !== undefined) this.controller.enqueue(first.key);
      return { requeueAfterMs: pollMs };
    }
    const heads = headsOf(first.polled.pulls);
    this.#reporter.keep(first.polled.id, new Set(heads.map(({ sha }) => sha)));
    const until = await this.#reconcileHeads(looked, heads, context);
    return { requeueAfterMs: Math.max(0, Math.min(now() + pollMs, until) - now()) };
  }

  /** When the first of them has to be judged again at the latest. One that fails keeps no other from being reported. */
  async #reconcileHeads(
    looked: readonly Looked[],
    heads: readonly OpenHead[],
    context: ReconcileContext,
  ): Promise<number> {
    let until = Number.POSITIVE_INFINITY;
    const failures: unknown[] = [];
    for (const head of heads) {
      context.signal.throwIfAborted();
      try {
        const verdict = await this.#reconcileHead(looked, head, context);
        if (verdict.until !== null) until = Math.min(until, verdict.until);
      } catch (error) {
        failures.push(error);
        context.logger.warn({ err: error, sha: head.sha }, 'a head could not be judged or reported');
      }
    }
    if (failures.length > 0) throw this.#outcome(failures[0]);
    return until;
  }

  /** The repository as each of the Repositories sees it that stand for it, in the same order whoever of them asks. */
  async #lookAtAll(own: Looked): Promise<Looked[]> {
    try {
      const twins = await this.#twins.of(own.polled.id, own.repository, this.#parts.objects.repositories.list());
      const looked: Looked[] = [];
      for (const twin of twins) {
        const key = `${twin.metadata.namespace}/${twin.metadata.name}`;
        looked.push(key === own.key ? own : await this.#look(key, twin));
      }
      return looked;
    } catch (error) {
      throw this.#outcome(error);
    }
  }

  async #look(key: string, repository: Repository & KubeObject): Promise<Looked> {
    try {
      const at = await this.#parts.forges.forRepository(repository);
      return { key, repository, at, polled: await this.#polls.of(key, repository, at.forge) };
    } catch (error) {
      throw this.#outcome(error);
    }
  }

  async #reconcileHead(looked: readonly Looked[], head: OpenHead, { logger }: ReconcileContext): Promise<HeadVerdict> {
    const { epoch, metrics, judge } = this.#parts;
    const { at, polled } = looked[0]!;
    const { id, name } = polled;
    const leading = epoch();
    const verdicts: [string, HeadVerdict][] = [];
    for (const one of looked) verdicts.push([one.key, await judge.of(one, head)]);
    const verdict = strictest(verdicts);
    const still = () => {
      if (leading === undefined || epoch() !== leading)
        throw new Retry('FactUnknown', 'Another replica leads by now; nothing was reported.');
    };
    const { state, written } = await this.#reporter.report(at.forge, { id, name, sha: head.sha }, verdict, still);
    if (written) {
      metrics.count('rig_check_reports_total', { state });
      logger.info(
        { repository: `${name.owner}/${name.name}`, sha: head.sha, state, title: verdict.title },
        'reported on a head',
      );
    }
    return verdict;
  }

  /** What a failure means for when to look again. */
  #outcome(error: unknown): unknown {
    if (!(error instanceof ForgeError)) return error;
    if (error.code === 'RateLimited') return new Waiting(error.retryAfterMs ?? 60_000, 'RateLimited', error.message);
    if (error.code === 'InstallationRemoved' || error.code === 'Unauthorized') this.#parts.forges.forget();
    return error;
  }
}

function repositoryOfIssue({ metadata, spec }: Issue): string[] {
  return [`${metadata.namespace}/${spec.repositoryRef.name}`];
}

interface Changed<T> {
  readonly type: 'add' | 'update' | 'delete';
  readonly object: T;
  readonly old?: T;
}

/** Statuses are written often, and by others. */
function isAsked({ type, object, old }: Changed<KubeObject>): boolean {
  return (
    type !== 'update' ||
    old === object ||
    object.metadata.generation !== old?.metadata.generation ||
    object.metadata.deletionTimestamp !== old?.metadata.deletionTimestamp
  );
}

/** A ConfigMap has no generation. */
function isAnother({ object, old }: Changed<KubeObject>): boolean {
  return object.metadata.resourceVersion !== old?.metadata.resourceVersion;
}

/** What of an Issue's status has a say: its pull request, and the tier that it was graded at. */
function isGradedAnew(change: Changed<Issue & KubeObject>): boolean {
  const of = (issue: Issue | undefined) =>
    [issue?.status?.pullRequest?.number, issue?.status?.issueTier, issue?.status?.number].join();
  return isAsked(change) || of(change.object) !== of(change.old);
}
