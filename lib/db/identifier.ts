import { DbError } from './errors.ts';

/** Returns a name that is safe to stand unquoted in SQL: lower case, digits, `_`, at most 63. Throws `BadName`. */
export function requireIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) return name;
  throw new DbError('BadName', `"${name}" is no SQL name here: use lower-case letters, digits and _, at most 63.`);
}
