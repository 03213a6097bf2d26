import { join } from 'node:path';
import type { Approval } from '#crds';
import { verifierObjects } from '#crds';
import { BareCopies, type CopyOf, Upkeep } from '#lib/git';
import { TierPolicies } from '#lib/grading';
import { type Listening, listen, serveMetrics } from '#lib/http';
import { KubeClient, type KubeObject, loadKubeConfig, Manager } from '#lib/kube';
import { createMetrics, type Logger } from '#lib/observe';
import { serveAdmission, verifierAdmission } from './admission/index.ts';
import { createApp } from './app.ts';
import { Bundles } from './approvals/bundles.ts';
import { ApprovalChecks } from './approvals/check.ts';
import { FirstSight } from './approvals/first-sight.ts';
import { type HeldIn, Signatures } from './approvals/signatures.ts';
import { TrustReader } from './approvals/trust.ts';
import { CheckController } from './check/controller.ts';
import { Copies } from './check/copies.ts';
import { HeadGrades } from './check/grade.ts';
import { HeadJudge } from './check/judge.ts';
import { neededOf } from './check/needed.ts';
import { PassedHeads } from './check/passed.ts';
import type { Config } from './config.ts';
import { VerifierForges } from './forge/forges.ts';
import { APPROVALS, type Objects, watchObjects } from './objects.ts';

/** A running verifier. */
export interface Verifier {
  readonly listening: Listening;
  /** Where admission is answered over TLS; undefined where it is not served. */
  readonly admissionPort: number | undefined;
  /** Answers and reports nothing more, hands the Lease over, closes. Safe to call twice. */
  stop(): Promise<void>;
}

/** Brings the verifier up: caches on every replica, checks on the one that leads. `/readyz` says when it serves. */
export async function startVerifier(
  config: Config,
  logger: Logger,
  client: KubeClient = new KubeClient(loadKubeConfig({ path: config.kubeconfig })),
): Promise<Verifier> {
  const metrics = await createMetrics('verifier');
  const election = { namespace: config.namespace, name: verifierObjects.lease, identity: config.identity };
  const manager = new Manager({ client, election, logger, metrics });
  const objects = watchObjects(manager);
  const signatures = new Signatures(client, config.namespace, Date.now);
  const forges = new VerifierForges(config.forgeAppDir, { writeIntervalMs: config.forgeWriteIntervalMs }, Date.now);
  const policies = new TierPolicies((name) => objects.policies.get(undefined, name));
  const trust = new TrustReader(client);
  const bundles = new Bundles();
  const approvals = new ApprovalChecks(client, objects, { trust, signatures, bundles, now: Date.now });
  const firstSight = new FirstSight({
    approvals: objects.approvals,
    trust,
    signatures,
    open: (approval, view) => bundles.open(approval, view),
    now: Date.now,
  });
  const copies = new BareCopies(join(config.dataDir, 'git'));
  const grades = new HeadGrades(new Copies(copies));
  const checks = new CheckController({
    objects,
    forges,
    judge: new HeadJudge(objects, { policies, grades, approvals }),
    passed: new PassedHeads(client, config.namespace, Date.now),
    signatures: {
      sweep: async (there) => {
        await firstSight.look();
        await signatures.sweep(there);
      },
    },
    isThere: (held) => isThere(client, objects, held),
    epoch: () => manager.epoch(),
    pollMs: config.pollMs,
    now: Date.now,
    logger,
    metrics,
  });
  manager.add(checks.controller).onStartedLeading(() => checks.beginLeading());
  metrics.onScrape(() => manager.measure());
  const parts = { client, objects, forges, policies, trust, signatures, now: Date.now, logger, metrics };
  const admission = config.admission && verifierAdmission(parts);
  const app = createApp({
    ready: () => manager.ready().waitingFor,
    webhookSecret: async () => (await forges.app()).webhookSecret,
    hint: (owner, name, again) => checks.hint(owner, name, again),
    logger,
    metrics,
  });
  const listening = await listen(app, config.listen);
  const asked = config.admission && (await serveAdmission({ ...config.admission, now: Date.now }, admission!, logger));
  const scraped = config.metricsListen === undefined ? undefined : await serveMetrics(metrics, config.metricsListen);
  const over = new AbortController();
  const known = { repositories: objects.repositories, seenAs: (key: string) => checks.seenAs(key) };
  const needed = (copy: CopyOf) => neededOf(known, copy);
  const upkeep = new Upkeep({ copies, needed, now: Date.now, logger, metrics });
  upkeep.start(over.signal);
  manager.start();
  const stop = async () => {
    // First of all: by what is not watched any more nothing is judged.
    await Promise.all([listening.close(), asked?.close()]);
    await manager.stop();
    over.abort();
    await upkeep.idle();
    await scraped?.close();
    await client.close();
  };
  let stopped: Promise<void> | undefined;
  return { listening, admissionPort: asked?.port, stop: () => (stopped ??= stop()) };
}

/** Whether an Approval is there and stays: the cache for yes, the API server itself for no. */
async function isThere(client: Pick<KubeClient, 'find'>, { approvals }: Objects, held: HeldIn): Promise<boolean> {
  const stays = (found: KubeObject | undefined) =>
    found?.metadata.uid === held.uid && found.metadata.deletionTimestamp === undefined;
  if (stays(approvals.get(held.namespace, held.name))) return true;
  const { namespace, name } = held;
  return stays(await client.find<Approval & KubeObject>(APPROVALS, { namespace, name }));
}
