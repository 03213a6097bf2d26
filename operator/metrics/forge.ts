import type { ForgeOptions } from '#lib/forge';
import type { Metrics } from '#lib/observe';

/** Counts every answer of a forge, and keeps what it says of its rate limit. */
export function countAnswers(metrics: Metrics): NonNullable<ForgeOptions['onAnswer']> {
  return ({ method, status, remaining, resource }) => {
    metrics.count('rig_forge_calls_total', { method, status: `${Math.floor(status / 100)}xx` });
    if (remaining !== null) metrics.set('rig_forge_rate_limit_remaining', { resource: resource ?? 'core' }, remaining);
  };
}
