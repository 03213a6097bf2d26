import { createHash } from 'node:crypto';
import type { Repository } from '#crds';
import { type ChangeGrade, type Fact, known, unknown, type Work } from '#domain';
import { gitIn, readChange } from '#lib/change';
import type { GitCache, Remote } from '#lib/git';
import { type Graded, gradeRead } from '#lib/grading';
import type { Forges } from '../forges/forges.ts';
import { forgeHost } from '../forges/forges.ts';
import { remoteOf } from '../gateway/remote.ts';

/** A head whose change is to be graded. */
export interface AskedChange {
  readonly repository: Repository;
  readonly head: { readonly sha: string; readonly branch: string };
  readonly work: Work;
  readonly grading: Graded;
  /** Names rules and work: another where the grade may be another. */
  readonly key: string;
  /** Called, where the answer was not known, once it is there or may be had by asking again. */
  readonly onTold: () => void;
}

interface Kept {
  fact: Fact<ChangeGrade>;
  /** Everybody who has asked since something was known last. */
  told: (() => void)[];
}

const KEPT = 1_000;
const AGAIN_MS = 5_000;

/**
 * Grades of changes, read from the gateway's copies of repositories and worked out in the background: whoever asks gets what is known, and is told when
 * there is more. Two questions of one head, policy and work are one.
 */
export class ChangeGrades {
  readonly #forges: Pick<Forges, 'forRepository'>;
  readonly #cache: Pick<GitCache, 'refresh' | 'quarantine'>;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #running = new Set<Promise<void>>();

  constructor(
    forges: Pick<Forges, 'forRepository'>,
    cache: Pick<GitCache, 'refresh' | 'quarantine'>,
    now: () => number,
  ) {
    this.#forges = forges;
    this.#cache = cache;
    this.#now = now;
  }

  /** The grade as far as it is known. Each who is told that it is not is told of it later. */
  of(asked: AskedChange): Fact<ChangeGrade> {
    const name = nameOf(asked);
    const kept = this.#kept.get(name) ?? this.#begin(name, asked);
    if (!kept.fact.known) kept.told.push(asked.onTold);
    return kept.fact;
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #begin(name: string, asked: AskedChange): Kept {
    if (this.#kept.size >= KEPT) this.#kept.clear();
    const kept: Kept = { fact: unknown('the change is being read from git.'), told: [] };
    this.#kept.set(name, kept);
    const running = this.#work(name, asked, kept).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return kept;
  }

  async #work(name: string, asked: AskedChange, kept: Kept): Promise<void> {
    try {
      kept.fact = known(await this.#grade(asked), this.#now());
    } catch (error) {
      kept.fact = unknown(`git could not be asked: ${(error as Error).message}`);
      const waiting = [...kept.told];
      setTimeout(() => {
        if (this.#kept.get(name) === kept) this.#kept.delete(name);
        kept.told.push(...waiting);
        tell(kept);
      }, AGAIN_MS).unref();
    }
    tell(kept);
  }

  async #grade({ repository, head, work, grading, key }: AskedChange): Promise<ChangeGrade> {
    const remote = await this.#remote(repository);
    const { defaultBranch } = repository.spec;
    const tips = await this.#cache.refresh(remote, [defaultBranch, head.branch]);
    const base = tips.get(defaultBranch);
    if (base === undefined) throw new Error(`there is no branch ${defaultBranch}`);
    return this.#cache.quarantine(remote, async (cwd) => {
      const change = await readChange(gitIn(cwd), { base, head: head.sha });
      const { tier, taskClass, rule, path, reason } = await gradeRead(change, grading, work);
      const [begin] = change.complete ? change.mergeBases : [];
      const graded = { headSHA: head.sha, tier, taskClass, rule, path, reason, policy: key };
      return begin === undefined ? graded : { ...graded, base: begin };
    });
  }

  async #remote(repository: Repository): Promise<Remote> {
    const id = repository.status?.forge?.repositoryID;
    if (id === undefined) throw new Error('the Repository is not known at its forge yet');
    const { forge } = await this.#forges.forRepository(repository);
    return remoteOf(forge, { host: forgeHost(repository), id }, repository);
  }
}

function tell(kept: Kept): void {
  const { told } = kept;
  kept.told = [];
  for (const each of new Set(told)) each();
}

function nameOf({ repository, head, key }: AskedChange): string {
  return createHash('sha256')
    .update(JSON.stringify([repository.metadata.uid, head.sha, key]))
    .digest('hex');
}
