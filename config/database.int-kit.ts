import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

const PAGE = join(import.meta.dirname, '..', 'docs', 'install.md');
export type Program = 'conductor' | 'proxy' | 'egress';

/** A database as the page of the install has it made. */
export interface Database {
  /** What goes into the Secret of a program. */
  urlOf(program: Program): string;
  /** Of the server's administrator. */
  readonly adminURL: string;
}

/** Runs the SQL of docs/install.md on a server, with a password in place of its dots. */
export async function documentedDatabase(serverURL: string): Promise<Database> {
  const password = randomBytes(12).toString('hex');
  const sql = /^```sql\n(.*?)^```/ms.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
  const [ofServer = '', ofDatabase = ''] = sql.replaceAll('…', password).split('\\connect rig\n');
  const urlTo = (user?: string) => {
    const url = new URL(serverURL);
    url.pathname = '/rig';
    if (user !== undefined) Object.assign(url, { username: user, password });
    return url.href;
  };
  await execute(serverURL, ofServer);
  await execute(urlTo(), ofDatabase);
  return { urlOf: (program) => urlTo(`rig_${program}`), adminURL: urlTo() };
}

/** One statement at a time: a database is not made in a transaction with others. */
async function execute(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const statement of sql.split(';\n').filter((text) => text.trim() !== '')) await client.query(statement);
  } finally {
    await client.end();
  }
}
