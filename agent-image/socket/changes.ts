import { type FSWatcher, watch } from 'node:fs';

/** Watches a folder from the moment it is made. */
export class Changes {
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake = () => {};

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.#tell());
      this.#watcher.on('error', () => this.#tell());
    } catch {
      // A folder that is not there, or a file system that does not tell: time has to do.
    }
  }

  /** Resolves after the next change since the last call, or `atMostMs`; throws the signal's reason. */
  async next(atMostMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (this.#changed) resolve();
    const timer = setTimeout(resolve, atMostMs);
    signal.addEventListener('abort', this.#wake, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', this.#wake);
    this.#changed = false;
    signal.throwIfAborted();
  }

  close(): void {
    this.#watcher?.close();
  }

  #tell(): void {
    this.#changed = true;
    this.#wake();
  }
}
