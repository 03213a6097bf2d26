import type { StoredEvent } from '#domain';
import { AgentController } from '../agents/controller.ts';
import { Changes } from '../approvals/change.ts';
import { ApprovalCheck } from '../approvals/check.ts';
import { Consents } from '../approvals/consents.ts';
import { ApprovalController } from '../approvals/controller.ts';
import { PresentReader } from '../approvals/present.ts';
import { TrustReader } from '../approvals/trust.ts';
import { Pruner } from '../audit/prune.ts';
import { Leftovers } from '../forges/leftovers.ts';
import type { Conductor } from '../issues/context.ts';
import { IssueController } from '../issues/controller.ts';
import { Hearing } from '../issues/hearing.ts';
import { Reverts } from '../ledger/reverts/reverts.ts';
import { agentTasksOf } from '../objects.ts';
import { Outbox } from '../outbox/outbox.ts';
import { tellDenied } from '../outbox/tell.ts';
import { Depletions } from '../slo/depletion.ts';
import { askPrometheus } from '../slo/prometheus.ts';
import { TaskController } from '../tasks/controller.ts';
import { TierPolicyController } from '../tiers/controller.ts';
import { watchPolicies } from '../tiers/triggers.ts';
import type { Base } from './base.ts';
import { type Conducting, openConductor } from './conductor.ts';
import { openIntake } from './intake.ts';
import { leadWith } from './leading.ts';

/** How often places that became free unheard are looked for. */
const SWEEP_MS = 15_000;

/** Makes the conductor, its controllers and what the leader does, and ties them to each other. Nothing runs before the manager starts. */
export function assemble(base: Base) {
  const { config, logger, pool, store, manager, gitCache } = base;
  const conducting = openConductor(base, {
    onAppend: (subject, { before, state, events }) => {
      hearing.own(subject, events);
      issues.grew(subject, { before, state });
      pokeTasks(conductor, tasks, subject);
      approvals.grew(subject, events);
      conductor.waiting.wake(furtherTasks(events));
    },
    onSettled: ({ namespace, name }, moved) => {
      agents.controller.enqueue(`${namespace}/${name}`);
      if (moved) issues.trustMoved(namespace);
    },
    consents: {
      confirm: (subject, scope) => consents.confirm(subject, scope),
      recent: (subject, state, scope) => consents.recent(subject, state, scope),
    },
  });
  const { conductor, production, mark, recovered, escalations, ledger, grants, grades } = conducting;
  const issues = new IssueController(conductor, logger, { begin: (task, row) => tasks.begin(task, row) });
  const { externalUrl: conductorUrl, proxyUrl, egressUrl, otlpEndpoint } = config;
  const tasks = new TaskController(conductor, { conductorUrl, proxyUrl, egressUrl, otlpEndpoint }, logger);
  const agents = new AgentController(conductor, logger, { store, grants });
  const { approvals, present, consents, trustRoot } = openApprovals(base, conductor);
  const { answers, applier, payloads, repositories } = openIntake(base, conductor, (issue) => issues.poke(issue));
  const hearing = hear(base, conductor, issues, tasks);
  for (const { controller } of [repositories, agents, issues, tasks, approvals, openTiers(base, conducting, issues)])
    manager.add(controller);
  leadWith(base, {
    ...conducting,
    hearing,
    first: async (signal) => {
      await approvals.sweep();
      every(SWEEP_MS, () => issues.sweep(), signal);
    },
    duties: [
      applier,
      answers,
      new Outbox(conductor.log, logger, Date.now, (subject, event) => tellDenied(conductor, subject, event)),
      new Pruner({ pool, keepMs: config.keepDeliveriesMs, now: Date.now, logger }),
      escalations,
      ledger,
      new Reverts({ conductor, store, cache: gitCache, logger }),
      new Leftovers(conductor, logger),
      new Depletions({ conductor, store, production, ask: askPrometheus, logger }),
    ],
    resting: [issues, grades],
  });
  return { conductor, production, applier, payloads, hearing, mark, recovered, present, trustRoot };
}

function openApprovals({ client, logger, gitCache }: Base, conductor: Conductor) {
  const present = new PresentReader(conductor, new Changes(conductor.forges, gitCache));
  const trust = new TrustReader(client, conductor.now);
  const check = new ApprovalCheck({ trust, present, now: conductor.now });
  const consents = new Consents(conductor, check);
  const reading = { check, present, rootEnd: () => trust.rootEnd };
  return { approvals: new ApprovalController(conductor, reading, logger), present, consents, trustRoot: trust };
}

function openTiers({ logger }: Base, { conductor, policies, tierPolicies }: Conducting, issues: IssueController) {
  watchPolicies(issues.controller, conductor.objects, tierPolicies);
  return new TierPolicyController(conductor, tierPolicies, policies, logger);
}

/** What other replicas, and this one's API, write to the log is heard here. */
function hear(
  { pool, store, url, logger }: Base,
  conductor: Conductor,
  issues: IssueController,
  tasks: TaskController,
) {
  return new Hearing({
    pool,
    store,
    url,
    onAppended: (subject, freed) => {
      issues.poke(subject);
      pokeTasks(conductor, tasks, subject);
      issues.freed(freed);
    },
    onStarted: ({ namespace, name }) => tasks.poke(namespace, name),
    logger,
  });
}

function pokeTasks(conductor: Conductor, tasks: TaskController, subject: { namespace: string; name: string }): void {
  for (const { metadata } of agentTasksOf(conductor.objects, subject.namespace, subject.name))
    tasks.poke(subject.namespace, metadata.name!);
}

/** Uids of the Agents that were given a task without having asked for it. */
function furtherTasks(events: readonly StoredEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'TASK_DISPATCHED' && event.data.kind !== 'implement' ? [event.data.agent.uid] : [],
  );
}

function every(ms: number, fn: () => void, signal: AbortSignal): void {
  const timer = setInterval(fn, ms);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
