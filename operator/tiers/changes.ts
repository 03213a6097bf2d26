import { createHash } from 'node:crypto';
import type { Repository } from '#crds';
import { type ChangeGrade, contentNeeded, type Fact, gradeChange, known, unknown, type Work } from '#domain';
import type { Forges } from '../forges/forges.ts';
import { forgeHost } from '../forges/forges.ts';
import type { GitCache, Remote } from '../gateway/cache.ts';
import { remoteOf } from '../gateway/remote.ts';
import type { Grading } from './policies.ts';
import { readChange } from './read.ts';

/** A head whose change is to be graded. */
export interface AskedChange {
  readonly repository: Repository;
  readonly head: { readonly sha: string; readonly branch: string };
  readonly work: Work;
  readonly grading: Extract<Grading, { state: 'graded' }>;
  /** Called once the answer is there, or may be had by asking again. */
  readonly onTold: () => void;
}

const KEPT = 1_000;
const AGAIN_MS = 5_000;
const RUNNING = unknown('the change is being read from git.');

/**
 * Grades of changes, read from the gateway's copies of repositories and worked out in the background: whoever asks gets what is known, and is told when
 * there is more. Two questions of one head, policy and work are one.
 */
export class ChangeGrades {
  readonly #forges: Pick<Forges, 'forRepository'>;
  readonly #cache: Pick<GitCache, 'refresh' | 'quarantine'>;
  readonly #now: () => number;
  readonly #known = new Map<string, Fact<ChangeGrade>>();
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

  /** The grade as far as it is known. */
  of(asked: AskedChange): Fact<ChangeGrade> {
    const key = keyOf(asked);
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(key, RUNNING);
    const running = this.#work(key, asked).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return RUNNING;
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #work(key: string, asked: AskedChange): Promise<void> {
    try {
      this.#known.set(key, known(await this.#grade(asked), this.#now()));
    } catch (error) {
      this.#known.set(key, unknown(`git could not be asked: ${(error as Error).message}`));
      setTimeout(() => {
        this.#known.delete(key);
        asked.onTold();
      }, AGAIN_MS).unref();
    }
    asked.onTold();
  }

  async #grade({ repository, head, work, grading: { policy, raise, key } }: AskedChange): Promise<ChangeGrade> {
    const remote = await this.#remote(repository);
    const { defaultBranch } = repository.spec;
    const tips = await this.#cache.refresh(remote, [defaultBranch, head.branch]);
    const base = tips.get(defaultBranch);
    if (base === undefined) throw new Error(`there is no branch ${defaultBranch}`);
    return this.#cache.quarantine(remote, async (cwd) => {
      const change = await readChange(cwd, base, head.sha);
      const facts = await change.withContent(contentNeeded(policy, raise, change.facts, work));
      const { tier, taskClass, rule, path, reason } = gradeChange(policy, raise, facts, work);
      return { headSHA: head.sha, tier, taskClass, rule, path, reason, policy: key };
    });
  }

  async #remote(repository: Repository): Promise<Remote> {
    const id = repository.status?.forge?.repositoryID;
    if (id === undefined) throw new Error('the Repository is not known at its forge yet');
    const { forge } = await this.#forges.forRepository(repository);
    return remoteOf(forge, { host: forgeHost(repository), id }, repository);
  }
}

function keyOf({ repository, head, work, grading }: AskedChange): string {
  const asked = JSON.stringify([repository.metadata.uid, head.sha, grading.key, work]);
  return createHash('sha256').update(asked).digest('hex');
}
