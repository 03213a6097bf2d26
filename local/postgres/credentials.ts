import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PostgresError } from './errors.ts';

/** The superuser of the embedded server. */
export const ADMIN_ROLE = 'rig_admin';

/** Passwords by role, as kept in `credentials.json` (mode 0600) of the data directory. */
export interface Credentials {
  readonly file: string;
  /** The role's password; a new random one of 192 bits is made and written before it is returned. */
  password(role: string): Promise<string>;
}

export async function openCredentials(dataDir: string): Promise<Credentials> {
  const file = join(dataDir, 'credentials.json');
  const roles = await readRoles(file);
  let last: Promise<unknown> = Promise.resolve();
  const password = async (role: string): Promise<string> => {
    const known = roles[requireName(role)];
    if (known !== undefined) return known;
    const made = randomBytes(24).toString('base64url');
    roles[role] = made;
    await writeRoles(file, roles);
    return made;
  };
  return {
    file,
    password: (role) => {
      const next = last.then(() => password(role));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/**
 * The connection URL of a role that the server already knows, from the credentials file of its data directory: what a
 * supervisor uses that started the server as a child. Throws `BadName` for a role without a password.
 */
export async function postgresURL(options: {
  credentials: string;
  port: number;
  role: string;
  database: string;
}): Promise<string> {
  const password = (await readRoles(options.credentials))[options.role];
  if (password === undefined)
    throw new PostgresError(
      'BadName',
      `The embedded PostgreSQL knows no role "${options.role}": start it with --role ${options.role}.`,
    );
  return formatURL({ ...options, password });
}

export function formatURL(parts: { role: string; password: string; port: number; database: string }): string {
  return `postgres://${parts.role}:${parts.password}@127.0.0.1:${parts.port}/${parts.database}`;
}

/** Names of roles and databases go unquoted into SQL and URLs, so only the plain form is taken. */
export function requireName(name: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) return name;
  throw new PostgresError(
    'BadName',
    `"${name}" is no name for a role or database: use lower-case letters, digits and _, at most 63.`,
  );
}

async function readRoles(file: string): Promise<Record<string, string>> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { roles: Record<string, string> }).roles;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

// Written aside and renamed: a crash in the middle must not lose the password of a database that exists.
async function writeRoles(file: string, roles: Record<string, string>): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify({ roles }, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}
