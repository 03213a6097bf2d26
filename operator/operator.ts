import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogue, defaultPolicy, type StoredEvent } from '#domain';
import { createPool, migrate, type Pool } from '#lib/db';
import { advanceEpoch, Effects, EventStore, migrations as eventMigrations } from '#lib/events';
import { type Listening, listen, serveMetrics } from '#lib/http';
import { EventRecorder, KubeClient, loadKubeConfig, Manager } from '#lib/kube';
import { createMetrics, type Logger, type Metrics } from '#lib/observe';
import { AgentController } from './agents/controller.ts';
import { createApi } from './api/app.ts';
import { History } from './api/history.ts';
import { ReaderToken } from './api/readers.ts';
import { Changes } from './approvals/change.ts';
import { ApprovalCheck } from './approvals/check.ts';
import { ApprovalController } from './approvals/controller.ts';
import { PresentReader } from './approvals/present.ts';
import { TrustReader } from './approvals/trust.ts';
import { doubtOf } from './audit/doubt.ts';
import { deepHealth, NO_EPOCH } from './audit/guard.ts';
import { MarkKeeper } from './audit/mark.ts';
import { readLostSince, readPosition } from './audit/position.ts';
import { Pruner } from './audit/prune.ts';
import { MarkRecord } from './audit/record.ts';
import type { Config } from './config.ts';
import { openEscalations } from './escalation/open.ts';
import { Forges } from './forges/forges.ts';
import { Leftovers } from './forges/leftovers.ts';
import { Pace } from './forges/pace.ts';
import { ForgeWrites } from './forges/writes.ts';
import { GitCache } from './gateway/cache.ts';
import { GitGateway } from './gateway/routes.ts';
import { Answers } from './intake/answers.ts';
import { DeliveryApplier } from './intake/applier.ts';
import { CommandIntake } from './intake/commands.ts';
import { IssueIntake } from './intake/issues.ts';
import { Payloads } from './intake/payloads.ts';
import { intakeRoute } from './intake/route.ts';
import type { Conductor } from './issues/context.ts';
import { IssueController } from './issues/controller.ts';
import { Hearing } from './issues/hearing.ts';
import { recordDeletions } from './issues/tombstone.ts';
import { ledgerPolicyOf } from './ledger/policy.ts';
import { Reverts } from './ledger/reverts/reverts.ts';
import { LedgerService } from './ledger/service.ts';
import { collectConductor } from './metrics/collect.ts';
import { countAnswers } from './metrics/forge.ts';
import { countGrowth } from './metrics/growth.ts';
import { traceEnd } from './metrics/whole.ts';
import { Mirror } from './mirror/mirror.ts';
import { recordGrowth } from './notices/growth.ts';
import { agentTasksOf, TIER_POLICIES, watchObjects } from './objects.ts';
import { Outbox } from './outbox/outbox.ts';
import { tellDenied } from './outbox/tell.ts';
import { Offers } from './pull/offers.ts';
import { Pull } from './pull/routes.ts';
import { Waiting } from './pull/waiting.ts';
import { RepositoryController } from './repositories/controller.ts';
import { IssueLog } from './store/log.ts';
import { TaskController } from './tasks/controller.ts';
import { policyTiers, ungraded } from './tier.ts';
import { ChangeGrades } from './tiers/changes.ts';
import { TierPolicyController } from './tiers/controller.ts';
import { TierPolicies } from './tiers/policies.ts';
import { watchPolicies } from './tiers/triggers.ts';
import { TaskTokens } from './tokens/signer.ts';
import { serveWebhooks, surroundings } from './webhooks/index.ts';

const SCHEMA = 'conductor';
const LEASE = 'rig-conductor';

/** A running operator. */
export interface Operator {
  readonly listening: Listening;
  /** Resolves once the database was recovered from a backup: this process is to end, what it remembers is of the lost time. */
  readonly recovered: Promise<void>;
  /** Takes no new work, lets what runs end, hands the Lease over, closes. Safe to call twice. */
  stop(): Promise<void>;
}

/** Brings the operator up: database first, then caches and election, last the port; `/readyz` says when it serves. */
export async function startOperator(config: Config, logger: Logger): Promise<Operator> {
  const { pool, url } = await openDatabase(config, logger);
  const client = new KubeClient(loadKubeConfig({ path: config.kubeconfig }));
  const intakeClient = new KubeClient(
    loadKubeConfig({ path: config.intakeKubeconfig, impersonate: intakeUser(config) }),
  );
  const metrics = await createMetrics('operator');
  const manager = new Manager({
    client,
    election: { namespace: config.systemNamespace, name: LEASE, identity: config.identity },
    logger,
    metrics,
  });
  const store = new EventStore({ db: pool, types: catalogue, metrics });
  const gitCache = new GitCache(join(config.dataDir, 'git'));
  const parts = assemble(config, logger, { gitCache, pool, url, client, intakeClient, manager, store, metrics });
  collectConductor(metrics, { manager, conductor: parts.conductor, pool });
  const tokens = await TaskTokens.load(client, config.systemNamespace);
  const app = createApi({
    conductor: parts.conductor,
    exchange: {
      client,
      log: parts.conductor.log,
      tokens,
      taskUid: (namespace, name) => parts.conductor.objects.tasks.get(namespace, name)?.metadata.uid,
      onStarted: (namespace, name) => void parts.hearing.started({ namespace, name }),
      now: Date.now,
    },
    pull: new Pull(parts.conductor),
    gateway: new GitGateway(parts.conductor, gitCache),
    present: parts.present,
    intake: intakeRoute({
      db: pool,
      repositories: () => parts.conductor.objects.repositories.list(),
      webhookSecret: (repository) => parts.conductor.forges.webhookSecret(repository),
      payloads: parts.payloads,
      onStored: () => parts.applier.kick(),
      now: Date.now,
      metrics,
    }),
    history: new History(store, pool),
    readers: new ReaderToken(config.readerTokenFile),
    ready: async () => [...manager.ready().waitingFor, ...(await databaseProblem(pool))],
    deep: () => deepHealth(parts.conductor.mark, () => databaseProblem(pool)),
    db: pool,
    logger,
    metrics,
  });
  const listening = await listen(app, config.listen);
  const scraped = config.metricsListen === undefined ? undefined : await serveMetrics(metrics, config.metricsListen);
  const advice = config.webhooks && (await serveWebhooks(config.webhooks, surroundings(parts.conductor), logger));
  const over = new AbortController();
  await parts.mark.start(over.signal);
  const offers = new Offers(pool, parts.conductor.waiting, logger);
  offers.start(over.signal);
  manager.start();
  const stop = async () => {
    await manager.stop();
    over.abort();
    parts.conductor.waiting.close();
    await Promise.all([parts.mark.idle(), offers.idle()]);
    await Promise.all([listening.close(), advice?.()]);
    await scraped?.close();
    await parts.hearing.close();
    await store.idle();
    await parts.payloads.close();
    await pool.end();
    await Promise.all([client.close(), intakeClient.close()]);
  };
  let stopped: Promise<void> | undefined;
  return { listening, recovered: parts.recovered, stop: () => (stopped ??= stop()) };
}

function intakeUser({ intakeAccount, systemNamespace }: Config): string | undefined {
  return intakeAccount && `system:serviceaccount:${systemNamespace}:${intakeAccount}`;
}

async function openDatabase(config: Config, logger: Logger): Promise<{ pool: Pool; url: string }> {
  const url = (await readFile(config.databaseUrlFile, 'utf8')).trim();
  const pool = createPool(url, { applicationName: 'rig-conductor', schema: SCHEMA, max: 20, logger });
  await migrate(pool, { schema: SCHEMA, ...eventMigrations });
  await migrate(pool, {
    schema: SCHEMA,
    component: 'operator',
    directory: join(import.meta.dirname, 'store', 'migrations'),
  });
  return { pool, url };
}

const DATABASE_PATIENCE_MS = 1_000;

/** What a probe is told of the database; a second is all it waits. */
async function databaseProblem(pool: Pool): Promise<string[]> {
  const late = new Promise<string[]>((resolve) => {
    setTimeout(resolve, DATABASE_PATIENCE_MS, ['the database does not answer within a second']).unref();
  });
  const asked = pool.query('SELECT 1').then(
    () => [],
    () => ['the database does not answer'],
  );
  return Promise.race([asked, late]);
}

interface Clients {
  readonly gitCache: GitCache;
  readonly pool: Pool;
  readonly url: string;
  readonly client: KubeClient;
  readonly intakeClient: KubeClient;
  readonly manager: Manager;
  readonly store: EventStore;
  readonly metrics: Metrics;
}

/** Makes the controllers and ties them to leadership. */
function assemble(config: Config, logger: Logger, clients: Clients) {
  const { pool, url, client, intakeClient, manager, store, metrics } = clients;
  const log = new IssueLog({
    pool,
    store,
    taskDeadlineMs: config.taskDeadlineMs,
    onAppend: (subject, growth) => {
      countGrowth(metrics, growth);
      traceEnd(subject, growth);
      escalations.see(subject, growth.state);
      recordGrowth(conductor.recorder, conductor.objects.issues.get(subject.namespace, subject.name), growth.events);
      hearing.own(subject, growth.events);
      issues.grew(subject, growth);
      pokeTasks(subject);
      approvals.poke(subject);
      conductor.waiting.wake(furtherTasks(growth.events));
    },
  });
  const fallen = new AbortController();
  const { promise: recovered, resolve: onRecovered } = Promise.withResolvers<void>();
  const mark = new MarkKeeper({
    record: new MarkRecord(client, config.systemNamespace),
    position: () => readPosition(pool),
    lostSince: (stood) => readLostSince(pool, stood),
    now: Date.now,
    logger,
    metrics,
    onBehind: () => {
      conductor.leader.epoch = NO_EPOCH;
      fallen.abort();
    },
    onRecovered,
  });
  const leader = { epoch: 0, upSince: 0 };
  const escalations = openEscalations({ log, leader, mark, metrics, logger }, config.sinksFile, () => conductor);
  // A session that is new may be one with a server that was put back.
  pool.on('connect', () => void mark.check());
  const forges = new Forges(client, {
    writeIntervalMs: config.forgeWriteIntervalMs,
    onAnswer: countAnswers(metrics),
    onLimited: (limit) => metrics.count('rig_forge_limited_total', { limit }),
  });
  const tierPolicies = manager.informer(TIER_POLICIES);
  const policies = new TierPolicies((name) => tierPolicies.get(undefined, name));
  const grades = new ChangeGrades(forges, clients.gitCache, Date.now);
  const conductor: Conductor = {
    client,
    objects: watchObjects(manager),
    log,
    mirror: new Mirror(),
    forges,
    writes: new ForgeWrites(
      new Effects({ db: pool, doubtSince: doubtOf(log) }),
      pool,
      metrics,
      new Pace(pool, config.forgeWriteIntervalMs),
    ),
    tier: config.ungraded ? ungraded : policyTiers(policies, grades),
    policy: { ...defaultPolicy, reviewDebounce: config.reviewDebounceMs },
    trust: () => ledgerPolicyOf(tierPolicies.get(undefined, 'default')?.spec),
    ...(config.ungraded ? {} : { ceilings: (agent) => ledger.ceilings(agent) }),
    recorder: new EventRecorder({ client, controller: 'rig.dashecorp.com/conductor', logger }),
    leader,
    mark,
    waiting: new Waiting(),
    escalations,
    now: Date.now,
  };
  const issues = new IssueController(conductor, logger, { begin: (task, row) => tasks.begin(task, row) });
  watchPolicies(issues.controller, conductor.objects, tierPolicies);
  const tiers = new TierPolicyController(conductor, tierPolicies, policies, logger);
  const urls = { conductorUrl: config.externalUrl, proxyUrl: config.proxyUrl, egressUrl: config.egressUrl };
  const tasks = new TaskController(conductor, { ...urls, otlpEndpoint: config.otlpEndpoint }, logger);
  const agents = new AgentController(conductor, logger, store);
  const present = new PresentReader(conductor, new Changes(conductor.forges, clients.gitCache));
  const trust = new TrustReader(client, conductor.now);
  const check = new ApprovalCheck({ trust, present, now: conductor.now });
  const approvals = new ApprovalController(conductor, check, logger);
  const intake = new IssueIntake(conductor, intakeClient);
  const onAffected = (issue: { namespace: string; name: string }) => issues.poke(issue);
  const { resyncMs } = config;
  const answers = new Answers({ conductor, logger });
  const commands = new CommandIntake(conductor, () => answers.kick());
  const repositories = new RepositoryController(conductor, logger, { intake, commands, onAffected }, { resyncMs });
  const payloads = new Payloads();
  const applier = new DeliveryApplier({
    conductor,
    intake,
    commands,
    payloads,
    onRepository: (repository) => repositories.poke(repository),
    onAffected,
    logger,
    metrics,
  });
  const outbox = new Outbox(log, logger, Date.now, (subject, event) => tellDenied(conductor, subject, event));
  const leftovers = new Leftovers(conductor, logger);
  const ledger = new LedgerService({
    pool,
    store,
    policy: conductor.trust,
    now: Date.now,
    logger,
    onSettled: ({ namespace, name }, moved) => {
      agents.controller.enqueue(`${namespace}/${name}`);
      if (moved) issues.trustMoved(namespace);
    },
  });
  const reverts = new Reverts({ conductor, store, cache: clients.gitCache, logger });
  const pruner = new Pruner({ pool, keepMs: config.keepDeliveriesMs, now: Date.now, logger });
  const pokeTasks = (subject: { namespace: string; name: string }) => {
    for (const { metadata } of agentTasksOf(conductor.objects, subject.namespace, subject.name))
      tasks.poke(subject.namespace, metadata.name!);
  };
  const hearing = new Hearing({
    pool,
    store,
    url,
    onAppended: (subject, freed) => {
      issues.poke(subject);
      pokeTasks(subject);
      issues.freed(freed);
    },
    onStarted: ({ namespace, name }) => tasks.poke(namespace, name),
    logger,
  });
  manager
    .add(repositories.controller)
    .add(agents.controller)
    .add(issues.controller)
    .add(tasks.controller)
    .add(approvals.controller)
    .add(tiers.controller);
  manager.onStartedLeading(async (_lease, signal) => {
    await mark.lead(signal);
    // The controllers say why nothing is done; a recovery ends this process.
    if (mark.behind() !== null) return;
    conductor.leader.epoch = await advanceEpoch(pool, config.identity);
    conductor.leader.upSince = Date.now();
    await recordDeletions(conductor, { actor: { kind: 'controller', name: 'issue' } });
    logger.info({ epoch: conductor.leader.epoch }, 'leading');
    await hearing.start(signal);
    await approvals.sweep();
    every(SWEEP_MS, () => issues.sweep(), signal);
    const standing = AbortSignal.any([signal, fallen.signal]);
    applier.start(standing);
    answers.start(standing);
    outbox.start(standing);
    pruner.start(standing);
    escalations.start(standing);
    ledger.start(standing);
    reverts.start(standing);
    leftovers.start(standing);
  });
  // The Lease is handed over behind this: what one leader has begun has ended before the next one begins.
  manager.onStoppedLeading(
    async () =>
      void (await Promise.all([
        applier.idle(),
        answers.idle(),
        outbox.idle(),
        pruner.idle(),
        issues.idle(),
        grades.idle(),
        escalations.idle(),
        ledger.idle(),
        reverts.idle(),
        leftovers.idle(),
      ])),
  );
  return { conductor, tasks, applier, payloads, hearing, mark, recovered, present };
}

/** Uids of the Agents that were given a task without having asked for it. */
function furtherTasks(events: readonly StoredEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'TASK_DISPATCHED' && event.data.kind !== 'implement' ? [event.data.agent.uid] : [],
  );
}

/** How often places that became free unheard are looked for. */
const SWEEP_MS = 15_000;

function every(ms: number, fn: () => void, signal: AbortSignal): void {
  const timer = setInterval(fn, ms);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
