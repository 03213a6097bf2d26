import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TaskFailure } from '../failure.ts';
import { GitFailure, type GitResult, type GitStream, streamGit } from '../git/index.ts';
import { BundleFault, packOf } from './bundle.ts';
import type { Repository } from './repository.ts';

/** Bounds of what a task may add to its repository: `bytes` of the pack as sent, of one object and of all once unpacked; how many. */
export interface PackLimits {
  readonly bytes: number;
  readonly objectBytes: number;
  readonly totalBytes: number;
  readonly objects: number;
  readonly timeoutMs: number;
}

export const PACK_LIMITS: PackLimits = {
  bytes: 268_435_456,
  objectBytes: 104_857_600,
  totalBytes: 1_073_741_824,
  objects: 200_000,
  timeoutMs: 120_000,
};

const MEMORY_KIB = 3_145_728;

/**
 * Objects that somebody else packed, in a folder of their own beside those of the repository: git sees both, the repository only
 * its own until {@link Quarantine.keep}. The way git itself takes a push.
 */
export class Quarantine {
  readonly #repository: Repository;
  readonly #folder: string;
  readonly #limits: PackLimits;

  private constructor(repository: Repository, folder: string, limits: PackLimits) {
    this.#repository = repository;
    this.#folder = folder;
    this.#limits = limits;
  }

  static async open(repository: Repository, limits: PackLimits): Promise<Quarantine> {
    const folder = await mkdtemp(join(repository.path, 'objects/incoming-'));
    return new Quarantine(repository, folder, limits);
  }

  git(args: readonly string[], more: { input?: string; accept?: readonly number[] } = {}): Promise<GitResult> {
    return this.#repository.git(args, { ...this.#options(), ...more });
  }

  /** Takes the pack of `bundle`; every object is checked for its form and for what it links to. Throws {@link BundleFault}. */
  async receive(bundle: Readable, head: string): Promise<void> {
    const { bytes, timeoutMs } = this.#limits;
    const args = ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${bytes}`, '--threads=1'];
    const { path: cwd, signal } = this.#repository;
    const { env, config, memoryKiB } = this.#options();
    const taken = streamGit(args, { cwd, signal, env, config, memoryKiB, timeoutMs });
    taken.stdout.resume();
    // Whoever sends more, or never hangs up, holds nobody.
    const over = () => void bundle.destroy();
    taken.ended.then(over, over);
    await filled(taken, packOf(bundle, head, bytes));
    await this.#checkSizes();
  }

  /** Lets the repository have what was received. */
  async keep(): Promise<void> {
    const from = join(this.#folder, 'pack');
    const names = await readdir(from);
    // A pack without its index is not looked at, so the index comes last.
    for (const end of ['.pack', '.rev', '.idx'])
      for (const name of names.filter((each) => each.endsWith(end)))
        await rename(join(from, name), join(this.#repository.path, 'objects/pack', name));
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #checkSizes(): Promise<void> {
    const { objects, objectBytes, totalBytes } = this.#limits;
    const sizes = await this.#sizes();
    if (sizes.length > objects) throw new BundleFault(`it holds more than ${objects} objects`);
    if (!sizes.every((size) => size <= objectBytes))
      throw new BundleFault(`it holds a file of more than ${objectBytes} bytes`);
    if (sizes.reduce((sum, size) => sum + size, 0) > totalBytes)
      throw new BundleFault(`it holds more than ${totalBytes} bytes once unpacked`);
  }

  /** Of what was received alone, each as it would be unpacked; nothing is unpacked for it. */
  async #sizes(): Promise<number[]> {
    const args = ['cat-file', '--batch-all-objects', '--unordered', '--batch-check=%(objectsize)'];
    const { stdout } = await this.#repository.git(args, {
      ...this.#options(),
      env: { GIT_OBJECT_DIRECTORY: this.#folder },
    });
    return stdout.trim().split('\n').map(Number);
  }

  #options() {
    return {
      env: {
        GIT_OBJECT_DIRECTORY: this.#folder,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: join(this.#repository.path, 'objects'),
      },
      config: { 'protocol.allow': 'never', 'pack.threads': '1', 'core.bigFileThreshold': '16m' },
      memoryKiB: MEMORY_KIB,
    };
  }
}

/** Resolves when git has taken what it is given. */
async function filled(taken: GitStream, pack: AsyncGenerator<Buffer>): Promise<void> {
  try {
    await pipeline(Readable.from(pack), taken.stdin);
  } catch (error) {
    if (error instanceof BundleFault || error instanceof TaskFailure) {
      taken.kill();
      await taken.ended.catch(() => {});
      throw error;
    }
    // Git closes its input when it has seen enough, be it the fault or the end of the pack: what holds is its word, not the pipe's.
  }
  await taken.ended.catch((error) => {
    throw error instanceof GitFailure ? new BundleFault(said(error)) : error;
  });
}

function said({ message }: GitFailure): string {
  return message.slice(0, 500);
}
