import { createHash } from 'node:crypto';

/** Equal for two runs that fail alike: numbers, times and temporary paths do not count. */
export function failureName(output: string): string {
  const stable = output.replace(/\/tmp\/\S+/g, '').replace(/\d+(\.\d+)?/g, '#');
  return createHash('sha256').update(stable).digest('hex').slice(0, 16);
}
