/** The value of one series of an exposition; NaN where it is not there. */
export function sampleOf(exposition: string, series: string): number {
  const line = exposition.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1));
}

/** The rows of the table in docs/metrics.md. */
export function metricsOf(page: string): { name: string; type: string; of: string[]; labels: string[] }[] {
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
export function labelsOf(series: string): string[] {
  const names = [...(/\{(.*)\}/.exec(series)?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label = '']) => label);
  return names.filter((label) => label !== 'le').sort();
}
