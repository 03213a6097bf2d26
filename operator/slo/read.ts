import { type Events, notAsked, type Sample, type SloFacts } from '#domain';
import type { Ask } from './prometheus.ts';
import type { Asked } from './wish.ts';

/** Questions to one Prometheus at a time. */
const AT_ONCE = 4;

/** Asks every question about one moment (ms), a few at a time. Never throws: what was not answered says why. */
export async function readSlo(
  ask: Ask,
  { url, questions, at }: { url: string; questions: readonly Asked[]; at: number },
  signal?: AbortSignal,
): Promise<SloFacts> {
  const levels = new Map<string, Sample>();
  const budgets = new Map<string, Map<number, Events>>();
  const left = questions.values();
  const worker = async () => {
    for (const asked of left) {
      const sample = await ask({ url, query: asked.query, at }, signal);
      if (asked.of === 'level') levels.set(asked.name, sample);
      else put(budgets, asked, sample);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { levels, budgets };
}

function put(
  budgets: Map<string, Map<number, Events>>,
  { of, name, window }: Exclude<Asked, { of: 'level' }>,
  sample: Sample,
): void {
  const windows = budgets.get(name) ?? new Map<number, Events>();
  budgets.set(name, windows);
  windows.set(window, { ...(windows.get(window) ?? { good: notAsked, total: notAsked }), [of]: sample });
}
