import { readFileSync, statSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { KubeError } from './errors.ts';

const CHECK_EVERY_MS = 1000;

/**
 * A file whose owner replaces it while we run: a projected token, a certificate, a CA. Its content is re-read when size,
 * inode or modification time changed, looked at no more than once a second. A file that is missing for a moment (a rename
 * in progress) keeps its last content; one that was never readable throws KubeError `Config`.
 */
export class RotatingFile {
  readonly path: string;
  readonly #clock: Clock;
  #content: Buffer | undefined;
  #stamp = '';
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  read(): Buffer {
    const now = this.#clock.now();
    if (this.#content === undefined || now - this.#checkedAt >= CHECK_EVERY_MS) this.#refresh(now);
    return this.#content as Buffer;
  }

  /** Makes the next read look at the file at once. */
  expire(): void {
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    this.#stamp = '';
  }

  #refresh(now: number): void {
    try {
      const { ino, mtimeMs, size } = statSync(this.path);
      const stamp = `${ino}:${mtimeMs}:${size}`;
      if (stamp !== this.#stamp) this.#content = readFileSync(this.path);
      this.#stamp = stamp;
      this.#checkedAt = now;
    } catch (cause) {
      if (this.#content !== undefined) return;
      throw new KubeError('Config', `cannot read ${this.path}, which the kubeconfig names`, { cause });
    }
  }
}
