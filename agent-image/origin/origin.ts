import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { TaskFailure } from '../failure.ts';
import { GitFailure } from '../git/index.ts';
import { commitFault, parseCommits } from './acceptance.ts';
import { BundleFault } from './bundle.ts';
import { clone } from './clone.ts';
import { PACK_LIMITS, type PackLimits, Quarantine } from './quarantine.ts';
import { refusedPush } from './refused.ts';
import { holds, type OriginOptions, type Repository } from './repository.ts';

/** A head that may not be delivered, in one sentence for whoever made it: another one may be offered. */
export class HeadRefused extends Error {
  override name = 'HeadRefused';
}

const MAX_COMMITS = 500;

/**
 * Clones the task's repository into `origin.git` below the folder. It is the only repository that talks to the network, and the
 * sandbox borrows its objects; none of its calls runs a hook, asks a person, or reads what the sandbox can write.
 */
export async function openOrigin(options: OriginOptions): Promise<Origin> {
  await mkdir(options.folder, { recursive: true });
  const folder = await realpath(options.folder);
  return new Origin(await clone(join(folder, 'origin.git'), { ...options, folder }), options);
}

export class Origin {
  readonly baseSHA: string;
  readonly startSHA: string;
  readonly #repository: Repository;
  readonly #options: OriginOptions;

  constructor(repository: Repository, options: OriginOptions) {
    this.#repository = repository;
    this.#options = options;
    this.baseSHA = options.baseSHA;
    this.startSHA = options.startSHA ?? options.baseSHA;
  }

  /** A file as it is in the base commit; undefined where there is none. */
  async readAtBase(path: string): Promise<string | undefined> {
    const listed = await this.#repository.git(['ls-tree', this.baseSHA, '--', path]);
    const blob = /^100(?:644|755) blob ([0-9a-f]{40})\t/.exec(listed.stdout)?.[1];
    if (blob === undefined) return undefined;
    return (await this.#repository.git(['cat-file', 'blob', blob])).stdout;
  }

  /** Everything the start changes against where it left the base, as a unified diff; empty where it is the base. */
  async diff(): Promise<string> {
    const ends = [this.baseSHA, this.startSHA];
    const fork = (await this.#repository.git(['merge-base', ...ends], { accept: [1] })).stdout.trim() || this.baseSHA;
    const args = ['diff', '--no-color', '--no-ext-diff', '--no-textconv', '-M', fork, this.startSHA];
    return (await this.#repository.git(args)).stdout;
  }

  /**
   * Makes sure that `head` is here and may be delivered: whole and well-formed, a descendant of where the task started, each new
   * commit with the task's author and trailer. `bundle` is called where it is not here yet, and is not trusted. Throws
   * {@link HeadRefused}; TaskFailure `BundleRefused` for what no honest worktree offers.
   */
  async receive(head: string, bundle: () => Promise<Readable>, limits: PackLimits = PACK_LIMITS): Promise<void> {
    if (await this.#repository.has(head)) return this.#accept(this.#repository, head);
    const quarantine = await Quarantine.open(this.#repository, limits);
    try {
      await quarantine.receive(await bundle(), head);
      await this.#accept(quarantine, head);
      await quarantine.keep();
    } catch (error) {
      if (!(error instanceof BundleFault)) throw error;
      throw new TaskFailure('BundleRefused', `The sandbox offered a bundle that is not taken: ${error.message}.`, {
        cause: error,
      });
    } finally {
      await quarantine.close();
    }
  }

  /** Whether `head`, which was received, has another content than the base. */
  async differsFromBase(head: string): Promise<boolean> {
    const trees = (await this.#repository.git(['rev-parse', `${this.baseSHA}^{tree}`, `${head}^{tree}`])).stdout;
    const [base, mine] = trees.trim().split('\n');
    return base !== mine;
  }

  /** Sends `head`, which was received, to the one branch, only forward. Pushing what is there already changes nothing. Throws TaskFailure `PushRefused` or `ForgeUnreachable`. */
  async push(head: string): Promise<void> {
    const { branch } = this.#options;
    try {
      await this.#repository.remote(['push', '--quiet', 'origin', `${head}:refs/heads/${branch}`]);
    } catch (error) {
      throw error instanceof GitFailure ? refusedPush(branch, error) : error;
    }
  }

  async #accept(within: Pick<Repository, 'git'>, head: string): Promise<void> {
    if (!(await holds(within, head))) throw new BundleFault(`it does not hold the commit ${head}`);
    const descends = await within.git(['merge-base', '--is-ancestor', this.startSHA, head], { accept: [1] });
    if (descends.exitCode !== 0)
      throw new HeadRefused(
        `the branch no longer holds ${this.startSHA}, where the task started; take it up again with git reset --soft ${this.startSHA}.`,
      );
    const range = [head, '--not', this.startSHA, this.baseSHA];
    const count = Number((await within.git(['rev-list', '--count', ...range])).stdout);
    if (!(count <= MAX_COMMITS)) throw new HeadRefused(`the branch has more than ${MAX_COMMITS} new commits.`);
    const { stdout } = await within.git(['rev-list', '--header', '--encoding=none', ...range]);
    for (const commit of parseCommits(stdout)) {
      const fault = commitFault(commit, this.#options, Date.now());
      if (fault !== undefined)
        throw new HeadRefused(
          `the commit ${commit.sha.slice(0, 12)} cannot be delivered, because ${fault}: take the commits back with git reset --soft ${this.startSHA}, and let the git tool or done commit.`,
        );
    }
  }
}
