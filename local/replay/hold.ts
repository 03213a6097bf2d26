import { existsSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Resolves once a file is at `path`. Throws when its folder cannot be watched, and the signal's reason when that is aborted. */
export async function untilExists(path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = () => {
    if (existsSync(path)) resolve();
  };
  const watcher = watch(dirname(path), look).on('error', reject);
  const give = () => reject(signal.reason);
  signal.addEventListener('abort', give, { once: true });
  look();
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', give);
    watcher.close();
  }
}
