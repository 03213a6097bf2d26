import { createHash } from 'node:crypto';

/** A number from 0 (included) to 1 that depends on nothing but its arguments, so that a run with the same seed decides the same. */
export function chance(seed: number, ...parts: readonly (string | number)[]): number {
  const digest = createHash('sha256')
    .update([seed, ...parts].join('\0'))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
