import { Waiting } from '#lib/kube';

/** A merge takes about as long. */
const AGAIN_MS = 250;

/** Repositories a merge is under way in, by whoever merges. */
const busy = new WeakMap<object, Set<string>>();

/**
 * Does `work` while no other of the same `owner` and `repository` is under way: what is read before a merge, such as whether the head holds the tip of
 * its base, would be true no more after another one. Throws Waiting, for {@link AGAIN_MS}, instead of standing in line: an outcome that is not known may be
 * looked for during minutes.
 */
export async function soleMerge<T>(owner: object, repository: string, work: () => Promise<T>): Promise<T> {
  const merging = busy.get(owner) ?? new Set();
  busy.set(owner, merging);
  if (merging.has(repository))
    throw new Waiting(AGAIN_MS, 'BaseBusy', 'Another change of this repository is being merged at this moment.');
  merging.add(repository);
  try {
    return await work();
  } finally {
    merging.delete(repository);
  }
}
