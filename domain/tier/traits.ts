import { type Judge, judgesOf } from './judges.ts';
import { mayBeManifest } from './manifests.ts';
import { remembered } from './remembered.ts';
import { isLock } from './sources.ts';
import { isTest, looksLikeTest } from './tests.ts';

/** What a file is by its name alone. */
export interface Traits {
  readonly judges: readonly Judge[];
  /** Whether it is nothing but a test. */
  readonly test: boolean;
  /** Whether it may be one: then it is not edited as if it were prose. */
  readonly testLike: boolean;
  readonly lock: boolean;
  /** Whether it may be a manifest. */
  readonly manifest: boolean;
}

/** Those of nearly all files are the same few: one is kept of each. */
const PLAIN = new Map<number, Traits>();

/** What a readable path says of its file. */
export const traitsOf: (path: string) => Traits = remembered((path) => {
  const judges = judgesOf(path);
  const [test, testLike, lock, manifest] = [isTest(path), looksLikeTest(path), isLock(path), mayBeManifest(path)];
  if (judges.length > 0) return { judges, test, testLike, lock, manifest };
  const key = (test ? 1 : 0) + (testLike ? 2 : 0) + (lock ? 4 : 0) + (manifest ? 8 : 0);
  const known = PLAIN.get(key) ?? { judges, test, testLike, lock, manifest };
  PLAIN.set(key, known);
  return known;
});
