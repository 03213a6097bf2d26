import type { Agent, AgentStatus } from '#crds';
import { type Ceiling, dispatchCeiling, modelOf } from '#domain';
import type { Queryable } from '#lib/db';

/** Ceilings that an Agent's status has room for, and the longest class that one may name there. */
const SHOWN = 32;
const CLASS_MAX = 32;

/** Models that may answer for an Agent when it writes: its own and its fallbacks. */
export function modelsOfAgent({ spec }: Pick<Agent, 'spec'>): string[] {
  return [spec.models.default!, ...(spec.fallbacks ?? [])].map(({ model }) => model);
}

/** How high an Agent may work by itself with the models that it has now, by class of work. What is not there is T0. */
export async function ceilingsOf(
  db: Queryable,
  agent: Pick<Agent, 'metadata' | 'spec'>,
): Promise<Map<string, { readonly ceiling: Ceiling; readonly streak: number }>> {
  if (agent.spec.models.default === undefined) return new Map();
  const models = modelsOfAgent(agent);
  const { rows } = await db.query('SELECT task_class, model, ceiling, streak FROM ledger WHERE agent_uid = $1', [
    agent.metadata.uid,
  ]);
  const own = modelOf(models[0]!);
  return new Map(
    [...Map.groupBy(rows, (row) => row.task_class as string)].map(([taskClass, lines]) => {
      const line = (model: string) => lines.find((one) => one.model === model);
      const ceiling = dispatchCeiling(models, (model) => line(model)?.ceiling ?? 'T0');
      return [taskClass, { ceiling, streak: line(own)?.streak ?? 0 }];
    }),
  );
}

/** {@link ceilingsOf} as the Agent's status shows it: by class, as many as there is room for. */
export async function shownCeilings(db: Queryable, agent: Agent): Promise<NonNullable<AgentStatus['ceilings']>> {
  return [...(await ceilingsOf(db, agent))]
    .filter(([taskClass]) => taskClass.length <= CLASS_MAX)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, SHOWN)
    .map(([taskClass, { ceiling, streak }]) => ({ taskClass, tier: ceiling, streak }));
}
