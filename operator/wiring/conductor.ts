import { defaultPolicy } from '#domain';
import { Effects } from '#lib/events';
import { TierPolicies } from '#lib/grading';
import { EventRecorder } from '#lib/kube';
import type { ConsentPort } from '../approvals/consents.ts';
import { TrustReader } from '../approvals/trust.ts';
import { MachineAttestors } from '../attestors/attestors.ts';
import { doubtOf } from '../audit/doubt.ts';
import { NO_EPOCH } from '../audit/guard.ts';
import { MarkKeeper } from '../audit/mark.ts';
import { readLostSince, readPosition } from '../audit/position.ts';
import { MarkRecord } from '../audit/record.ts';
import { openEscalations } from '../escalation/open.ts';
import { Forges } from '../forges/forges.ts';
import { Pace } from '../forges/pace.ts';
import { ForgeWrites } from '../forges/writes.ts';
import type { Conductor } from '../issues/context.ts';
import { GrantCheck } from '../ledger/grants.ts';
import { ledgerPolicyOf } from '../ledger/policy.ts';
import { type LedgerOptions, LedgerService } from '../ledger/service.ts';
import { countAnswers } from '../metrics/forge.ts';
import { countGrowth } from '../metrics/growth.ts';
import { traceEnd } from '../metrics/whole.ts';
import { Mirror } from '../mirror/mirror.ts';
import { recordGrowth } from '../notices/growth.ts';
import { TIER_POLICIES, watchObjects } from '../objects.ts';
import { Waiting } from '../pull/waiting.ts';
import { countAnswered } from '../slo/metrics.ts';
import { Production } from '../slo/production.ts';
import { askPrometheus } from '../slo/prometheus.ts';
import { IssueLog, type LogOptions } from '../store/log.ts';
import { policyTiers } from '../tier.ts';
import { ChangeGrades } from '../tiers/changes.ts';
import type { Base } from './base.ts';

/** What controllers are told of: they are made behind what tells them. */
export interface Told {
  /** The log of an issue grew. */
  readonly onAppend: LogOptions['onAppend'];
  readonly onSettled: NonNullable<LedgerOptions['onSettled']>;
  /** Verifies what people approved. */
  readonly consents: ConsentPort;
}

/** The conductor, and what it is made of as far as others have to do with it. */
export type Conducting = ReturnType<typeof openConductor>;

/** Ties log, forges, grades and ledger together. Nothing runs yet. */
export function openConductor(base: Base, told: Told) {
  const { config, logger, metrics, pool, store, client, manager, gitCache } = base;
  const log = new IssueLog({
    pool,
    store,
    taskDeadlineMs: config.taskDeadlineMs,
    onAppend: (subject, growth) => {
      countGrowth(metrics, growth);
      traceEnd(subject, growth);
      escalations.see(subject, growth.state);
      recordGrowth(conductor.recorder, conductor.objects.issues.get(subject.namespace, subject.name), growth.events);
      told.onAppend(subject, growth);
    },
  });
  const leader: Conductor['leader'] = {
    epoch: 0,
    get upSince() {
      return mark.listening().upSince;
    },
    get gaps() {
      return mark.listening().gaps;
    },
  };
  const { mark, fallen, recovered } = keepMark(base, leader);
  const escalations = openEscalations({ log, leader, mark, metrics, logger }, config.sinksFile, () => conductor);
  const forges = new Forges(client, {
    writeIntervalMs: config.forgeWriteIntervalMs,
    onAnswer: countAnswers(metrics),
    onLimited: (limit) => metrics.count('rig_forge_limited_total', { limit }),
  });
  const tierPolicies = manager.informer(TIER_POLICIES);
  const policies = new TierPolicies((name) => tierPolicies.get(undefined, name));
  const grades = new ChangeGrades(forges, gitCache, Date.now);
  const production = new Production({ ask: askPrometheus, now: Date.now, onAnswered: countAnswered(metrics) });
  const trust = () => {
    const all = tierPolicies.list().map(({ spec }) => spec);
    return ledgerPolicyOf(tierPolicies.get(undefined, 'default')?.spec, all);
  };
  const signers = new TrustReader(client, Date.now);
  const check = new GrantCheck({ trust: signers, client, now: Date.now });
  const grants = () => check.view();
  const { onSettled } = told;
  const ledger = new LedgerService({ pool, store, policy: trust, grants, now: Date.now, logger, onSettled });
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
    tier: policyTiers(policies, grades),
    production,
    attestors: new MachineAttestors({ forges, trust: signers, now: Date.now }),
    people: () => signers.people(),
    policy: { ...defaultPolicy, reviewDebounce: config.reviewDebounceMs },
    trust,
    ceilings: (agent) => ledger.ceilings(agent),
    models: (agent) => ledger.models(agent),
    consents: told.consents,
    recorder: new EventRecorder({ client, controller: 'rig.dashecorp.com/conductor', logger }),
    leader,
    mark,
    waiting: new Waiting(),
    escalations,
    now: Date.now,
  };
  return {
    conductor,
    production,
    mark,
    fallen,
    recovered,
    escalations,
    ledger,
    grants,
    grades,
    policies,
    tierPolicies,
  };
}

/** Looks whether the database is the newest there is; `fallen` aborts where it is not, `recovered` resolves once it was recovered. */
function keepMark({ config, logger, metrics, pool, client }: Base, leader: Conductor['leader']) {
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
      leader.epoch = NO_EPOCH;
      fallen.abort();
    },
    onRecovered,
  });
  // A session that is new may be one with a server that was put back.
  pool.on('connect', () => void mark.check());
  return { mark, fallen: fallen.signal, recovered };
}
