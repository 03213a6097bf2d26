import { setTimeout as pause } from 'node:timers/promises';
import type { Repository } from '#crds';
import {
  type DomainEvent,
  decideMeasured,
  decideQuestioned,
  decideReverted,
  effectiveGrade,
  evolveHistory,
  type History,
  type IssueState,
  judgeUndone,
  type LedgerEvent,
  noHistory,
  saidReverted,
  type TierAnswer,
} from '#domain';
import type { EventStore } from '#lib/events';
import type { Logger } from '#lib/observe';
import type { GitCache, Remote } from '../../gateway/cache.ts';
import { remoteOf } from '../../gateway/remote.ts';
import type { Conductor } from '../../issues/context.ts';
import { repositoryKey } from '../../issues/world.ts';
import type { RepositoryKey } from '../../mirror/mirror.ts';
import type { Cause } from '../../store/log.ts';
import { ancestorOf, firstParents, isIn, madeOf, messageOf, parentsOf } from './commits.ts';
import { piecesOf } from './hunks.ts';
import { keepPieces, type Merged, takePieces } from './pieces.ts';
import { basesToRead, mergedBy, saveTip, subjectOf, type ToRead, unmeasured } from './waiting.ts';

/**
 * How a merged change is graded: as its head was last, of its own class and at the tier that it was merged at. Where changes are not graded at all, as the
 * issue was; null where nobody graded what was merged.
 */
function gradeMerged(state: IssueState, mergeSHA: string, changesAreGraded: boolean): TierAnswer {
  const { change, merged, classified } = state;
  if (!changesAreGraded) return classified;
  if (change === null || merged?.sha !== mergeSHA || change.headSHA !== merged.headSHA) return null;
  return { tier: effectiveGrade(state)!.tier, taskClass: change.taskClass, reason: change.reason };
}

export interface RevertsOptions {
  readonly conductor: Conductor;
  readonly store: EventStore;
  readonly cache: GitCache;
  readonly logger: Logger;
}

const CAUSE: Cause = { actor: { kind: 'controller', name: 'ledger' } };
const POLL_MS = 5_000;
/** After a repository could not be read, and where a merged commit is not in its base branch yet. */
const AGAIN_MS = 60_000;
/** Commits of one repository that are looked through at a time. */
const AT_A_TIME = 500;

/** Reads every merged change from git, and finds what takes it back: whoever wrote that, and whatever its message says. Runs on the leader. */
export class Reverts {
  readonly #options: RevertsOptions;
  readonly #notBefore = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RevertsOptions) {
    this.#options = options;
  }

  /** Looks again and again until the signal aborts. */
  start(signal: AbortSignal): void {
    if (!signal.aborted) this.#running = this.#run(signal);
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (; !signal.aborted; await pause(POLL_MS, undefined, { signal }).catch(() => {}))
      await this.lookAll(signal).catch((err: unknown) => {
        if (!signal.aborted) this.#options.logger.warn({ err }, 'base branches could not be looked through');
      });
  }

  /** Looks through every base branch that has news. One repository that cannot be read holds up no other. */
  async lookAll(signal?: AbortSignal): Promise<void> {
    const { conductor, logger } = this.#options;
    for (const base of await basesToRead(conductor.log.pool)) {
      signal?.throwIfAborted();
      const place = `${base.host}/${base.id}`;
      const repository = conductor.objects.repositories.list().find((one) => {
        const key = repositoryKey(one);
        return key?.host === base.host && key.id === base.id;
      });
      if (repository === undefined || conductor.now() < (this.#notBefore.get(place) ?? 0)) continue;
      try {
        if (!(await this.#look(repository, base))) this.#notBefore.set(place, conductor.now() + AGAIN_MS);
      } catch (err) {
        this.#notBefore.set(place, conductor.now() + AGAIN_MS);
        logger.warn({ err, repository: repository.metadata.name }, 'a base branch could not be looked through');
      }
    }
  }

  /** Looks through one base branch; false where something of it has to be looked at later. */
  async #look(repository: Repository, base: ToRead): Promise<boolean> {
    const { conductor, cache } = this.#options;
    const remote = await readableBy(conductor, repository);
    const branch = repository.spec.defaultBranch;
    const tip = (await cache.refresh(remote, [branch])).get(branch);
    if (tip === undefined) return false;
    return cache.quarantine(remote, async (cwd) => {
      const { pool } = conductor.log;
      const commits = base.tip === null ? [] : await firstParents(cwd, base.tip, tip, AT_A_TIME);
      for (const commit of commits) await this.#scan(cwd, base, commit, null);
      const reached = commits.length < AT_A_TIME ? tip : commits.at(-1)!;
      await saveTip(pool, base, reached);
      const waiting = await unmeasured(pool, base);
      let all = true;
      for (const change of waiting) all = (await this.#measure(repository, cwd, base, reached, change)) && all;
      return all;
    });
  }

  /** Reads one merged change, and what came behind it; false where it is not in the base branch as far as that was read. */
  async #measure(
    repository: Repository,
    cwd: string,
    key: RepositoryKey,
    tip: string,
    merged: Merged,
  ): Promise<boolean> {
    const { conductor } = this.#options;
    if (!(await isIn(cwd, merged.mergeSHA, tip))) return false;
    const from = await this.#baseOf(repository, cwd, key, merged);
    if (from === null) return false;
    const { pool } = conductor.log;
    const pieces = await piecesOf({ cwd }, from, merged.mergeSHA);
    await keepPieces(pool, key, merged, pieces);
    for (const commit of await firstParents(cwd, merged.mergeSHA, tip, AT_A_TIME))
      await this.#scan(cwd, key, commit, merged.mergeSHA);
    const { files, lines, substance } = await madeOf(cwd, from, merged.mergeSHA);
    const state = await conductor.log.load({ id: merged.stream });
    const graded = gradeMerged(state, merged.mergeSHA, conductor.tier.change !== undefined);
    await this.#tell(merged.stream, (history) =>
      decideMeasured(history, {
        mergeSHA: merged.mergeSHA,
        baseSHA: from,
        tier: graded?.tier ?? null,
        taskClass: graded?.taskClass ?? null,
        reason: graded?.reason ?? 'Nothing grades it.',
        substance,
        files,
        lines,
      }),
    );
    return true;
  }

  /** Where a merged change began. One that was rebased onto the base is as many commits as its pull request had. */
  async #baseOf(
    repository: Repository,
    cwd: string,
    key: RepositoryKey,
    { stream, mergeSHA }: Merged,
  ): Promise<string | null> {
    const parents = await parentsOf(cwd, mergeSHA);
    if (parents.length !== 1 || repository.spec.mergeMethod !== 'rebase') return parents[0] ?? null;
    const history = await this.#history(stream);
    const number = history.changes.find((change) => change.mergeSHA === mergeSHA)?.pullRequest ?? null;
    const commits = number === null ? null : await mergedBy(this.#options.conductor.log.pool, key, number);
    return commits === null ? null : ancestorOf(cwd, mergeSHA, commits);
  }

  /** Holds one commit of a base branch against the merged changes before it, or against one of them. */
  async #scan(cwd: string, key: RepositoryKey, commit: string, only: string | null): Promise<void> {
    const [parent] = await parentsOf(cwd, commit);
    if (parent === undefined) return;
    const { pool } = this.#options.conductor.log;
    const pieces = await piecesOf({ cwd }, parent, commit);
    const commitLines = pieces.hunks.reduce((sum, { lines }) => sum + lines, 0);
    const short = commit.slice(0, 8);
    for (const { stream, mergeSHA, ...undone } of await takePieces(pool, key, commit, pieces, only)) {
      if (only !== null && mergeSHA !== only) continue;
      const verdict = judgeUndone({ ...undone, commitLines });
      const { gone, lines } = undone;
      const message = `Commit ${short} takes back ${undone.goneNow} of the ${lines} lines of ${mergeSHA.slice(0, 8)}; ${gone} are gone by now.`;
      if (verdict === 'question') await this.#ask(stream, mergeSHA, commit, message);
      else if (verdict !== null)
        await this.#tell(stream, (history) =>
          decideReverted(history, { mergeSHA, by: commit, shape: verdict, lines: gone, ofLines: lines, message }),
        );
    }
    await this.#heed(key, cwd, commit, only);
  }

  /** A message that says of a change that it is reverted is somebody's word: it is asked about where git does not show the same. */
  async #heed(key: RepositoryKey, cwd: string, commit: string, only: string | null): Promise<void> {
    const said = saidReverted(await messageOf(cwd, commit));
    if (said.commits.length + said.pulls.length === 0) return;
    const { pool } = this.#options.conductor.log;
    for (const { stream, mergeSHA } of await subjectOf(pool, key, said)) {
      if (mergeSHA === commit || (only !== null && mergeSHA !== only)) continue;
      const message = `The message of commit ${commit.slice(0, 8)} says that it reverts ${mergeSHA.slice(0, 8)}, which its diff does not show.`;
      await this.#ask(stream, mergeSHA, commit, message);
    }
  }

  #ask(stream: string, mergeSHA: string, by: string, message: string): Promise<void> {
    return this.#tell(stream, (history) => decideQuestioned(history, { mergeSHA, by, message }));
  }

  async #history(stream: string): Promise<History> {
    const events = (await this.#options.store.read(stream)) as unknown as LedgerEvent[];
    return events.reduce(evolveHistory, noHistory);
  }

  /** Appends to an Issue's log what `decide` answers for it; nothing where its log was exported and is gone. */
  async #tell(stream: string, decide: (history: History) => readonly DomainEvent[]): Promise<void> {
    const { log } = this.#options.conductor;
    const { rows } = await log.pool.query('SELECT id, namespace, name FROM subjects WHERE id = $1', [stream]);
    if (rows[0] === undefined) return;
    await log.record(rows[0], CAUSE, async () => ({ events: decide(await this.#history(stream)), value: undefined }));
  }
}

async function readableBy(conductor: Conductor, repository: Repository): Promise<Remote> {
  const { forge } = await conductor.forges.forRepository(repository);
  return remoteOf(forge, repositoryKey(repository)!, repository);
}
