import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The value of one series of an exposition; NaN where it is not there. */
export function sampleOf(exposition: string, series: string): number {
  const line = exposition.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1));
}

/** Fails unless a program serves the metrics that docs/metrics.md says are its own, with their types and labels, and no others. */
export function assertDocumented(program: string, exposition: string): void {
  const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
  const told = metricsOf(page).filter(({ of }) => of.includes(program));
  const types = [...exposition.matchAll(/^# TYPE (rig_\w+) (\w+)$/gm)].map(
    ([, name = '', type]) => [name, type] as const,
  );
  assert.deepEqual(types.toSorted(), told.map(({ name, type }) => [name, type]).toSorted(), program);
  for (const { name, labels } of told) {
    const series = new RegExp(`^${name}(_count|_sum|_bucket)?[{ ]`);
    for (const line of exposition.split('\n').filter((candidate) => series.test(candidate)))
      assert.deepEqual(labelsOf(line), labels, `${program} serves ${line}: other labels than documented`);
  }
}

/** The rows of the table in docs/metrics.md. */
function metricsOf(page: string): { name: string; type: string; of: string[]; labels: string[] }[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| `rig_'));
  return rows.map((row) => {
    const [name = '', type = '', of = '', , labels = ''] = row.slice(2).split(' | ');
    return {
      name: name.replaceAll('`', ''),
      type,
      of: of.split(', '),
      labels: [...labels.matchAll(/(?:^|<br>)`(\w+)`/g)].map(([, label = '']) => label).sort(),
    };
  });
}

/** Names of the labels of a series, without the one that every histogram has. */
function labelsOf(series: string): string[] {
  const names = [...(/\{(.*)\}/.exec(series)?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label = '']) => label);
  return names.filter((label) => label !== 'le').sort();
}
