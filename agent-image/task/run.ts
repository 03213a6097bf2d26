import { readFile } from 'node:fs/promises';
import type { Assignment, ConductorCalls } from '#lib/conductor';
import type { Model } from '#lib/llm';
import { type Logger, traced } from '#lib/observe';
import { type Egress, startEgress } from '../egress/index.ts';
import { Stop, TaskFailure } from '../failure.ts';
import { DEFAULT_LIMITS, Meter } from '../loop/index.ts';
import { type Clock, openSession, type Session } from '../session/index.ts';
import type { Settings } from '../settings/index.ts';
import { near } from '../socket/index.ts';
import type { ModelChoice } from './model-choice.ts';
import { modelFor } from './model-choice.ts';
import { EXIT, endEvent, exitCode, type Outcome, outcomeOf } from './outcome.ts';

export interface TaskDeps {
  readonly settings: Settings;
  readonly conductor: ConductorCalls;
  readonly createModel: (choice: ModelChoice, apiKey: () => string) => Model;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Aborted with a {@link Stop} on SIGTERM. */
  readonly terminated: AbortSignal;
}

/** A push that failed for a claim that ended meanwhile is no failure. */
const NOT_PUSHED = new Set(['PushRefused', 'ForgeUnreachable']);

type Work = Awaited<ReturnType<typeof loadWork>>;

/** What the parts of a running task share. */
export interface Running {
  readonly deps: TaskDeps;
  readonly session: Session;
  readonly assignment: Assignment;
  readonly model: Model;
  readonly meter: Meter;
}

/**
 * Works one task from the exchange of its identity to its report, and returns the exit code: 0 reported, 1 reported as failed, 3 the
 * claim is dead, 143 terminated. Without a report the task counts as lost.
 */
export async function runTask(deps: TaskDeps): Promise<number> {
  const { namespace, task, tokenFile } = deps.settings;
  const meter = new Meter(DEFAULT_LIMITS);
  let session: Session | undefined;
  try {
    session = await openSession({
      conductor: deps.conductor,
      task: { namespace, task },
      podToken: async () => (await readFile(tokenFile, 'utf8')).trim(),
      clock: deps.clock,
      logger: deps.logger,
      outside: deps.terminated,
    });
    const outcome = await worked(deps, session, meter);
    if (outcome instanceof Stop) return quiet(outcome, deps.logger);
    await session.calls.report([endEvent(outcome, meter.tokens)]);
    deps.logger.info({ outcome, tokens: meter.tokens }, 'task ended');
    return exitCode(outcome);
  } catch (error) {
    const end = outcomeOf(error);
    if (end instanceof Stop) return quiet(end, deps.logger);
    deps.logger.error({ err: error }, 'task ended without a report');
    return EXIT.failed;
  } finally {
    session?.close();
  }
}

/** The code of the work itself, which is most of the runtime: loaded once the conductor has let the task in, so that it is asked early. */
async function loadWork() {
  const [{ runCoding }, { runPlan }, { runReview }] = await Promise.all([
    import('./coding.ts'),
    import('./plan.ts'),
    import('./review.ts'),
  ]);
  return { runCoding, runPlan, runReview };
}

async function worked(deps: TaskDeps, session: Session, meter: Meter): Promise<Outcome | Stop> {
  const { egressURL: url, egressSocket } = deps.settings;
  let egress: Egress | undefined;
  try {
    egress = await startEgress({ socket: near(egressSocket), url, token: session.egressToken });
    const [assignment, work] = await Promise.all([session.calls.assignment(), loadWork()]);
    session.extend(assignment.task.deadline);
    return await asAgent(assignment, () => thinking(deps, { session, assignment, meter }, work));
  } catch (error) {
    if (error instanceof TaskFailure && NOT_PUSHED.has(error.reason)) await session.beat();
    const reason = session.signal.aborted ? session.signal.reason : error;
    const end = outcomeOf(reason);
    if (!(end instanceof Stop)) deps.logger.error({ err: error }, 'task failed');
    return end;
  } finally {
    egress?.close();
  }
}

async function thinking(
  deps: TaskDeps,
  known: Pick<Running, 'session' | 'assignment' | 'meter'>,
  work: Work,
): Promise<Outcome> {
  const { session, assignment } = known;
  const choice = modelFor(assignment);
  const model = deps.createModel(choice, session.proxyToken);
  await session.calls.report([{ id: 'started', type: 'WORK_STARTED', data: { model: choice.model } }]);
  const running = { deps, model, ...known };
  switch (assignment.task.kind) {
    case 'review':
      return work.runReview(running);
    case 'plan':
      return work.runPlan(running);
    default:
      return work.runCoding(running);
  }
}

/** The work of an agent as a span, in OpenTelemetry's conventions for generative AI. */
function asAgent<T>({ agent, task }: Assignment, work: () => Promise<T>): Promise<T> {
  const attributes = {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': agent.name,
    'rig.task': task.name,
    'rig.kind': task.kind,
  };
  return traced(`invoke_agent ${agent.name}`, { attributes }, work);
}

function quiet(stop: Stop, logger: Logger): number {
  logger.warn({ code: stop.code, why: stop.message }, 'task stopped without a report');
  return stop.code === 'Terminated' ? EXIT.terminated : EXIT.deadFence;
}
