import { type MetricDefinition, metricCatalogue } from '#lib/observe';
import { table } from './sections.ts';

/** `docs/metrics.md`: every metric of the programs. */
export function metricsDocument(): string {
  const rows = Object.entries(metricCatalogue as Record<string, MetricDefinition>)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { type, of, help, labels = {} }]) => [
      `\`${name}\``,
      type,
      of.join(', '),
      help,
      Object.entries(labels)
        .map(([label, { is, values, atMost }]) =>
          values === undefined
            ? `\`${label}\`: ${is} (at most ${atMost})`
            : `\`${label}\`: ${is}: ${values.join(', ')}`,
        )
        .join('<br>'),
    ]);
  return `<!-- Generated from lib/observe/metric-catalogue.ts by hack/generate. Do not edit. -->
# Metrics

What Prometheus reads at \`GET /metrics\` of each program, on a listener of its own that \`RIG_METRICS_LISTEN\` (host:port) opens; without
it there is none. It holds no secret and asks for no credential, so it belongs on loopback or behind a NetworkPolicy that lets
Prometheus in alone. Metrics whose labels can be listed are there at zero from the start; a value beyond a list or a bound is counted
as \`other\`. No label names an issue, a task or a repository: that is what the log of events is for. Beside these each program
serves the process's own metrics (\`process_*\`, \`nodejs_*\`).

Of a set of replicas only the leader reconciles, claims and writes: sum over replicas, or select \`rig_leader == 1\`.

${table(['metric', 'type', 'of', 'says', 'labels'], rows)}
`;
}
