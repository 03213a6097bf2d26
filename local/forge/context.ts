import type { Logger } from '#lib/observe';
import type { GitRepository, Locks } from './git/index.ts';
import type { RepositoryRow, Store } from './store/index.ts';

/** What every operation of the forge works with. */
export interface Context {
  readonly store: Store;
  readonly locks: Locks;
  readonly logger: Logger;
  /** Now, in milliseconds since 1970. */
  readonly clock: () => number;
  /** The server's own address without a slash at the end; pages and git live under it, the REST API under `api`. */
  readonly html: string;
  readonly api: string;
  git(repository: Pick<RepositoryRow, 'ownerKey' | 'nameKey' | 'dir'>): GitRepository;
  /** Tells the webhook sender that a delivery is due. */
  wakeSender(): void;
  /** Tells the runner that a check run of its App is queued. */
  wakeRunner(): void;
  /** Tells the deployer that a deployment of its own awaits its outcome. */
  wakeDeployer(): void;
}

/** The current time as GitHub writes it: UTC, seconds. */
export function now(ctx: Context): string {
  return `${new Date(ctx.clock()).toISOString().slice(0, 19)}Z`;
}
