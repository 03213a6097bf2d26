import type { Agent, AgentStatus } from '#crds';
import { type AgentModels, type Ceiling, dispatchCeiling, modelsNow, pairOf } from '#domain';
import type { Queryable } from '#lib/db';
import { type Answered, readAnswers } from './answers.ts';

/** Ceilings that an Agent's status has room for, and the longest class that one may name there. */
const SHOWN = 32;
const CLASS_MAX = 32;

/** Where a pair stands with one model. */
export interface Stands {
  readonly taskClass: string;
  readonly model: string;
  readonly ceiling: Ceiling;
}

type Contract = Pick<Agent, 'metadata' | 'spec'>;

/** Uses of a model in which nothing is written. */
const READS = new Set(['default', 'review']);

/** Models that an Agent may ask for when it writes: its own first, those that it names for kinds of work, and its fallbacks. */
function modelsOfAgent({ spec }: Contract): string[] {
  const { default: own } = spec.models;
  if (own === undefined) return [];
  const named = Object.entries(spec.models).flatMap(([use, one]) => (READS.has(use) ? [] : [one]));
  return [own, ...named, ...(spec.fallbacks ?? [])].map(({ model }) => model);
}

/** With which models an Agent works now, and what it is trusted with with each that it ever worked with. */
export function modelsAmong(agent: Contract, lines: readonly Stands[], answered: Answered): AgentModels {
  const trusted = new Map(lines.map((line) => [pairOf(line), line.ceiling]));
  return { now: modelsNow(modelsOfAgent(agent), answered), trusted };
}

/** How high an Agent may work by itself whichever of these models answers, by class of work. A class that is not there is T0. */
export function ceilingsAmong({ now, trusted }: AgentModels, lines: readonly Stands[]): Map<string, Ceiling> {
  const classes = [...new Set(lines.map(({ taskClass }) => taskClass))];
  return new Map(
    classes.map((taskClass) => [
      taskClass,
      dispatchCeiling(now, (model) => trusted.get(pairOf({ taskClass, model })) ?? 'T0'),
    ]),
  );
}

/** The ceilings of an Agent as its status shows them: by class, as many as there is room for. */
export async function shownCeilings(db: Queryable, agent: Agent): Promise<NonNullable<AgentStatus['ceilings']>> {
  const uid = agent.metadata.uid!;
  const { rows } = await db.query(
    'SELECT task_class AS "taskClass", model, ceiling, streak FROM ledger WHERE agent_uid = $1',
    [uid],
  );
  if (rows.length === 0) return [];
  const models = modelsAmong(agent, rows, (await readAnswers(db, uid)).get(uid) ?? new Map());
  return [...ceilingsAmong(models, rows)]
    .filter(([taskClass]) => taskClass.length <= CLASS_MAX)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, SHOWN)
    .map(([taskClass, tier]) => {
      const line = rows.find((row) => row.taskClass === taskClass && row.model === models.now[0]);
      return { taskClass, tier, streak: line?.streak ?? 0 };
    });
}
