import { type Judge, judgesOf } from './judges.ts';
import { mayBeManifest } from './manifests.ts';
import { remembered } from './remembered.ts';
import { isLock } from './sources.ts';
import { isTest } from './tests.ts';

/** What a file is by its name alone. */
export interface Traits {
  readonly judges: readonly Judge[];
  readonly test: boolean;
  readonly lock: boolean;
  /** Whether it may be a manifest. */
  readonly manifest: boolean;
}

/** What a readable path says of its file. */
export const traitsOf: (path: string) => Traits = remembered((path) => ({
  judges: judgesOf(path),
  test: isTest(path),
  lock: isLock(path),
  manifest: mayBeManifest(path),
}));
