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

/** What a readable path says of its file. */
export const traitsOf: (path: string) => Traits = remembered((path) => ({
  judges: judgesOf(path),
  test: isTest(path),
  testLike: looksLikeTest(path),
  lock: isLock(path),
  manifest: mayBeManifest(path),
}));
