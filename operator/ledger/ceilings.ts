import type { Agent, AgentStatus } from '#crds';
import { type Ceiling, dispatchCeiling, modelOf } from '#domain';
import type { Queryable } from '#lib/db';

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

/** Models that may answer for an Agent when it writes: its own and its fallbacks. */
function modelsOfAgent({ spec }: Contract): string[] {
  const { default: own } = spec.models;
  return own === undefined ? [] : [own, ...(spec.fallbacks ?? [])].map(({ model }) => model);
}

/** How high an Agent may work by itself with the models that it has now, by class of work. What is not there is T0. */
export function ceilingsAmong(agent: Contract, lines: readonly Stands[]): Map<string, Ceiling> {
  const models = modelsOfAgent(agent);
  return new Map(
    [...Map.groupBy(lines, ({ taskClass }) => taskClass)].map(([taskClass, own]) => {
      const of = (model: string) => own.find((one) => one.model === model)?.ceiling ?? 'T0';
      return [taskClass, dispatchCeiling(models, of)];
    }),
  );
}

/** The ceilings of an Agent as its status shows them: by class, as many as there is room for. */
export async function shownCeilings(db: Queryable, agent: Agent): Promise<NonNullable<AgentStatus['ceilings']>> {
  const { rows } = await db.query(
    'SELECT task_class AS "taskClass", model, ceiling, streak FROM ledger WHERE agent_uid = $1',
    [agent.metadata.uid],
  );
  const own = modelOf(modelsOfAgent(agent)[0] ?? '');
  return [...ceilingsAmong(agent, rows)]
    .filter(([taskClass]) => taskClass.length <= CLASS_MAX)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, SHOWN)
    .map(([taskClass, tier]) => {
      const line = rows.find((row) => row.taskClass === taskClass && row.model === own);
      return { taskClass, tier, streak: line?.streak ?? 0 };
    });
}
