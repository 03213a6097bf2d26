import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '#lib/datadir';
import { writePrivately } from './cluster/identities.ts';

/**
 * A random secret of 192 bits that lives as long as the data directory, in a file of its own (0600). The same name gives the
 * same secret. `prefix` makes its kind recognisable, as forges do with their tokens.
 */
export function secretOf(layout: Layout, name: string, prefix = ''): string {
  const file = secretFile(layout, name);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const secret = `${prefix}${randomBytes(24).toString('hex')}`;
  writePrivately(file, secret);
  return secret;
}

/** Where {@link secretOf} keeps it, for programs that read the file themselves. */
export function secretFile(layout: Layout, name: string): string {
  return join(layout.secrets, name);
}
