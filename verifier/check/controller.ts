import type { Issue, Repository } from '#crds';
import type { HeadVerdict } from '#domain';
import { ForgeError } from '#lib/forge';
import { Controller, type KubeObject, type ReconcileContext, type ReconcileResult, Retry, Waiting } from '#lib/kube';
import type { Logger, Metrics } from '#lib/observe';
import type { HeldIn, Signatures } from '../approvals/signatures.ts';
import type { VerifierForges } from '../forge/forges.ts';
import { gradedBy, type Objects } from '../objects.ts';
import { type HeadJudge, headsOf, type Looked, type OpenHead } from './judge.ts';
import { LEFT, takeBack } from './left.ts';
import type { PassedHead, PassedHeads } from './passed.ts';
import { Polls } from './poll.ts';
import { type Reported, Reporter } from './report.ts';
import { strictest, Twins } from './twins.ts';

export interface CheckParts {
  readonly objects: Objects;
  readonly forges: Pick<VerifierForges, 'forRepository' | 'forget'>;
  readonly judge: Pick<HeadJudge, 'of'>;
  readonly passed: Pick<PassedHeads, 'note' | 'of' | 'drop' | 'forgetAll'>;
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
    this.#parts.passed.forgetAll();
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
    const open = new Set(heads.map(({ sha }) => sha));
    this.#reporter.keep(first.polled.id, open);
    let until = Number.POSITIVE_INFINITY;
    const outcomes = [
      await this.#reconcilePassed(looked, open, context),
      await this.#reconcileEach(heads, context, async (head) => {
        const verdict = await this.#reconcileHead(looked, head, context);
        if (verdict.until !== null) until = Math.min(until, verdict.until);
      }),
    ];
    const [failure] = outcomes.flat();
    if (failure !== undefined) throw failure.outcome;
    return { requeueAfterMs: Math.max(0, Math.min(now() + pollMs, until) - now()) };
  }

  /** Those that failed. One that does keeps no other from being reported. */
  async #reconcileEach<H extends { readonly sha: string }>(
    heads: readonly H[],
    { signal, logger }: ReconcileContext,
    reconcile: (head: H) => Promise<void>,
  ): Promise<{ outcome: unknown }[]> {
    const failures: { outcome: unknown }[] = [];
    for (const head of heads) {
      signal.throwIfAborted();
      try {
        await reconcile(head);
      } catch (error) {
        failures.push({ outcome: this.#outcome(error) });
        logger.warn({ err: error, sha: head.sha }, 'a head could not be judged or reported');
      }
    }
    return failures;
  }

  /** Fails what was let through and no open pull request has any more. That this cannot be told keeps no open one from being judged. */
  async #reconcilePassed(looked: readonly Looked[], open: ReadonlySet<string>, context: ReconcileContext) {
    try {
      const passed = await this.#parts.passed.of(looked[0]!.polled.id);
      const left = passed.filter(({ sha }) => !open.has(sha));
      return await this.#reconcileEach(left, context, (head) => this.#reconcileLeft(looked, head, context));
    } catch (error) {
      return [{ outcome: error }];
    }
  }

  async #reconcileLeft(looked: readonly Looked[], head: PassedHead, { logger }: ReconcileContext): Promise<void> {
    const { passed } = this.#parts;
    const said = await takeBack({ passed, reporter: this.#reporter }, looked, head, this.#leading());
    if (said !== null) this.#note(looked[0]!, { sha: head.sha, title: LEFT.title, ...said }, logger);
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
    const { judge, passed } = this.#parts;
    const { at, polled } = looked[0]!;
    const { id, name } = polled;
    const { sha } = head;
    const still = this.#leading();
    const verdicts: [string, HeadVerdict][] = [];
    for (const one of looked) verdicts.push([one.key, await judge.of(one, head)]);
    const verdict = strictest(verdicts);
    // Before the forge is told: nothing that is let through there may be unknown here.
    if (verdict.state === 'success') await passed.note(id, { sha, pulls: head.pulls.map(({ number }) => number) });
    const said = await this.#reporter.report(at.forge, { id, name, sha }, verdict, still);
    this.#note(looked[0]!, { sha, title: verdict.title, ...said }, logger);
    return verdict;
  }

  /** Throws Retry where this replica leads no more as it does now. */
  #leading(): () => void {
    const { epoch } = this.#parts;
    const leading = epoch();
    return () => {
      if (leading === undefined || epoch() !== leading)
        throw new Retry('FactUnknown', 'Another replica leads by now; nothing was reported.');
    };
  }

  #note(
    { polled: { name } }: Looked,
    { written, ...said }: Reported & { readonly sha: string; readonly title: string },
    logger: Logger,
  ): void {
    if (!written) return;
    this.#parts.metrics.count('rig_check_reports_total', { state: said.state });
    logger.info({ repository: `${name.owner}/${name.name}`, ...said }, 'reported on a head');
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
