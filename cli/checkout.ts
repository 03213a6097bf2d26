import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Absolute path of something in the checkout this `rig` runs from. */
export function checkout(...parts: string[]): string {
  return join(root, ...parts);
}
