import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { catalogue, defaultLedgerPolicy, defaultPolicy, type Policy } from '#domain';
import { advanceEpoch, Effects, EventStore, migrations } from '#lib/events';
import { EventRecorder, isConditionTrue, type KubeClient, Manager, realClock } from '#lib/kube';
import { type Logger, silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { World } from '../../local/forge/testing/world.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { type TestDatabase, testDatabase } from '../../test/kit/postgres.ts';
import { doubtOf } from '../audit/doubt.ts';
import { Forges, forgeHost } from '../forges/forges.ts';
import type { Pace } from '../forges/pace.ts';
import { ForgeWrites } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { Mirror } from '../mirror/mirror.ts';
import { REPOSITORIES, watchObjects } from '../objects.ts';
import { Waiting } from '../pull/waiting.ts';
import { IssueLog, type LogOptions } from '../store/log.ts';
import type { TierPort } from '../tier.ts';

/** A conductor without a process: real PostgreSQL, a real loopback forge, and an API server (in memory unless one is given). */
export interface TestConductor {
  readonly conductor: Conductor;
  readonly client: KubeClient;
  readonly manager: Manager;
  readonly namespace: string;
  readonly world: World;
  readonly db: TestDatabase;
  readonly store: EventStore;
  readonly dir: string;
  /** Called with every subject whose log grew, and by what. */
  readonly grown: Set<LogOptions['onAppend']>;
  /** Ends the caches, as the end of its process does; database, forge and cluster stay. Safe to call twice. */
  stop(): Promise<void>;
}

export interface TestConductorOptions {
  readonly client?: KubeClient;
  readonly namespace?: string;
  readonly tier?: TierPort;
  readonly policy?: Partial<Policy>;
  readonly logger?: Logger;
  readonly mark?: Conductor['mark'];
  /** Default: nothing waits for another. */
  readonly pace?: Pace;
  /** Another conductor whose database, forge and API server this one takes over. */
  readonly after?: TestConductor;
}

interface Hooks {
  after(fn: () => unknown): void;
}

const ends: (() => unknown)[] = [];

// Registered while the module loads, thus on the root: it runs once, after every test of the file.
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** Takes the place of a test's context for what lives as long as the test file; the latest ends first. */
export const fileLife: Hooks = {
  after(end) {
    ends.push(end);
  },
};

/** Counts all work as T1, and grades no changes: most tests are about something else. */
const contained: TierPort = {
  grade: ({ taskClass }) => ({
    tier: 'T1',
    taskClass: taskClass ?? 'unclassified',
    reason: 'Every change of a test counts as T1.',
  }),
};

export async function testConductor(t: Hooks, options: TestConductorOptions = {}): Promise<TestConductor> {
  const { after: before } = options;
  const own = async () => {
    const world = await World.start({ webhookRetrySeconds: [] });
    t.after(() => world.close());
    return world;
  };
  const world = before?.world ?? (await own());
  const db = before?.db ?? (await database(t));
  const dir = await mkdtemp(join(tmpdir(), 'rig-conductor-'));
  const client = options.client ?? before?.client ?? (new FakeClient(realClock) as unknown as KubeClient);
  const manager = new Manager({ client });
  const store = new EventStore({ db: db.pool, types: catalogue });
  const grown = new Set<LogOptions['onAppend']>();
  const log = new IssueLog({
    pool: db.pool,
    store,
    taskDeadlineMs: 600_000,
    onAppend: (subject, growth) => {
      for (const tell of grown) tell(subject, growth);
    },
  });
  const conductor: Conductor = {
    client,
    objects: watchObjects(manager),
    log,
    mirror: new Mirror(),
    forges: new Forges(client, { writeIntervalMs: 0 }),
    writes: new ForgeWrites(new Effects({ db: db.pool, doubtSince: doubtOf(log) }), db.pool, undefined, options.pace),
    tier: options.tier ?? contained,
    policy: { ...defaultPolicy, reviewDebounce: 0, ...options.policy },
    trust: () => defaultLedgerPolicy,
    recorder: new EventRecorder({ client, controller: 'rig.dashecorp.com/conductor', logger: silentLogger }),
    leader: { epoch: await advanceEpoch(db.pool, randomUUID()), upSince: Date.now() },
    mark: options.mark ?? { behind: () => null },
    waiting: new Waiting(),
    now: Date.now,
  };
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= manager.stop());
  t.after(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });
  const namespace = options.namespace ?? before?.namespace ?? 'tenant-a';
  return { conductor, client, manager, namespace, world, db, store, dir, grown, stop };
}

function database(t: Hooks): Promise<TestDatabase> {
  const directory = join(import.meta.dirname, '..', 'store', 'migrations');
  return testDatabase(t as { after(fn: () => Promise<void>): void }, {
    schema: 'conductor',
    ownServer: true,
    migrations: [migrations, { component: 'operator', directory }],
  });
}

/** Says of the Repository what its controller says once it has found it at the forge, and waits until the caches know. */
export async function repositoryReady(rig: TestConductor, name = 'widgets'): Promise<void> {
  const { client, conductor, namespace, world } = rig;
  const { body } = await world.rest('boss', 'GET /repos/acme/widgets');
  const repository = await client.get(REPOSITORIES, { namespace, name });
  const lastTransitionTime = '2030-01-01T00:00:00Z';
  const ready = { type: 'Ready', status: 'True', reason: 'Accepted', message: 'Followed.', lastTransitionTime };
  const forge = { host: forgeHost(repository), repositoryID: body.id, fullName: 'acme/widgets' };
  await client.applyStatus(REPOSITORIES, {
    ...repository,
    status: { observedGeneration: 1, forge, conditions: [ready] },
  });
  const { forge: hub } = await conductor.forges.forRepository(repository);
  const defaultBranchSHA = await hub.branchSHA({ owner: 'acme', name: 'widgets' }, 'main');
  const facts = {
    ...(await hub.repository({ owner: 'acme', name: 'widgets' })),
    defaultBranch: 'main',
    defaultBranchSHA,
  };
  await conductor.mirror.putRepository(rig.db.pool, forge.host, facts, new Date().toISOString());
  await until('the Repository is Ready', () =>
    isConditionTrue(conductor.objects.repositories.get(namespace, name)?.status?.conditions, 'Ready'),
  );
}

/** A file with the token of readers. */
export async function readerFile(rig: TestConductor, token: string): Promise<string> {
  const file = join(rig.dir, 'reader-token');
  await writeFile(file, `${token}\n`);
  return file;
}
