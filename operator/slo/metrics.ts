import type { Sample, SloFacts } from '#domain';
import type { Metrics } from '#lib/observe';

/** Counts what production answered, and how long all questions of a Repository took. */
export function countAnswered(metrics: Metrics): (facts: SloFacts, ms: number) => void {
  return ({ levels, budgets }, ms) => {
    const events = [...budgets.values()].flatMap((windows) => [...windows.values()]);
    const samples: Sample[] = [...levels.values(), ...events.flatMap(({ good, total }) => [good, total])];
    for (const sample of samples)
      metrics.count('rig_slo_answers_total', { outcome: sample.known ? 'Number' : sample.problem });
    metrics.observe('rig_slo_questions_seconds', {}, ms / 1_000);
  };
}
