import type { Pool } from '#lib/db';
import type { EventStore } from '#lib/events';
import type { GitCache } from '#lib/git';
import type { KubeClient, Manager } from '#lib/kube';
import type { Logger, Metrics } from '#lib/observe';
import type { Config } from '../config.ts';

/** What everything in the operator is built on: its configuration, and its ways to the outside. */
export interface Base {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly gitCache: GitCache;
  readonly pool: Pool;
  /** Of the database. */
  readonly url: string;
  readonly client: KubeClient;
  /** Under the identity that titles, bodies and labels of forge issues are written by. */
  readonly intakeClient: KubeClient;
  readonly manager: Manager;
  readonly store: EventStore;
}
