import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The Node 24 that package.json pins; it is there once the packages are. */
export const node24 = join(root, 'node_modules', '.bin', 'node');
