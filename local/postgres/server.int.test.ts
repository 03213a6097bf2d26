import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { type PostgresOptions, postgresURL, type RunningPostgres, startPostgres } from './index.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

async function dataDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'rig-postgres-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function start(t: TestContext, options: PostgresOptions): Promise<RunningPostgres> {
  const server = await startPostgres(options);
  t.after(() => server.stop());
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function runMain(args: string[]): Promise<{ child: ReturnType<typeof spawn>; line: Record<string, unknown> }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  return { child, line: JSON.parse(line as string) };
}

test('rows, roles and passwords are there again after a stop and a second start', async (t) => {
  const dataDir = await dataDirectory(t);
  const first = await startPostgres({ dataDir });
  const before = new URL(await first.url('rig_operator', 'rig'));
  await query(before.href, 'CREATE SCHEMA kept; CREATE TABLE kept.kept AS SELECT 7 AS n');
  await first.stop();
  const second = await start(t, { dataDir });
  before.port = String(second.port);
  assert.deepEqual(await query(before.href, 'SELECT n FROM kept.kept'), [{ n: 7 }]);
  assert.equal(await second.url('rig_operator', 'rig'), before.href);
});

test('the server syncs, listens on loopback alone and asks every login for its password', async (t) => {
  const server = await start(t, { dataDir: await dataDirectory(t) });
  const [settings] = await query(
    server.adminURL,
    "SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS host, current_setting('unix_socket_directories') AS socket, current_setting('server_version_num')::int / 10000 AS major",
  );
  assert.deepEqual(settings, { fsync: 'on', host: '127.0.0.1', socket: '', major: 18 });
  const wrong = new URL(server.adminURL);
  wrong.password = 'wrong';
  await assert.rejects(query(wrong.href, 'SELECT 1'), { code: '28P01' });
  assert.equal((await stat(server.credentials)).mode & 0o777, 0o600);
});

test('a role is no superuser and cannot enter the database of another', async (t) => {
  const server = await start(t, { dataDir: await dataDirectory(t) });
  const mine = new URL(await server.url('rig_one', 'one'));
  await server.url('rig_two', 'two');
  assert.deepEqual(await query(mine.href, "SELECT rolsuper FROM pg_roles WHERE rolname = 'rig_one'"), [
    { rolsuper: false },
  ]);
  mine.pathname = '/two';
  await assert.rejects(query(mine.href, 'SELECT 1'), { code: '42501' });
});

test('a server killed with SIGKILL leaves a data directory that starts again', async (t) => {
  const dataDir = await dataDirectory(t);
  const first = await startPostgres({ dataDir });
  await query(first.adminURL, 'CREATE TABLE kept AS SELECT 1 AS n');
  process.kill(first.pid, 'SIGKILL');
  assert.match(await first.died, /SIGKILL/);
  await first.stop();
  const second = await start(t, { dataDir });
  assert.deepEqual(await query(second.adminURL, 'SELECT n FROM kept'), [{ n: 1 }]);
});

test('a server that outlived its killed owner is stopped and started anew', async (t) => {
  const dataDir = await dataDirectory(t);
  const { child, line } = await runMain(['--data-dir', dataDir]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const second = await start(t, { dataDir });
  assert.notEqual(second.pid, line.pid);
  assert.throws(() => process.kill(line.pid as number, 0), { code: 'ESRCH' });
});

test('a data directory whose owner lives is refused with the owner named', async (t) => {
  const dataDir = await dataDirectory(t);
  await start(t, { dataDir });
  await assert.rejects(startPostgres({ dataDir }), {
    code: 'InUse',
    message: `The PostgreSQL data directory ${dataDir} is in use by process ${process.pid}: stop it first, or choose another with --data-dir.`,
  });
});

test('a fixed port that another program holds is refused by number', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  await assert.rejects(startPostgres({ dataDir: await dataDirectory(t), port }), {
    code: 'PortInUse',
    message: `Port ${port} on 127.0.0.1 is in use by another program: free it, or choose another port for PostgreSQL.`,
  });
});

test('a data directory of another major version is refused and left alone', async (t) => {
  const dataDir = await dataDirectory(t);
  await mkdir(join(dataDir, 'cluster'));
  await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '15\n');
  await assert.rejects(startPostgres({ dataDir }), {
    code: 'WrongVersion',
    message: /belongs to PostgreSQL 15 and this is PostgreSQL 18/,
  });
});

test('a preparation cut off in the middle is begun again', async (t) => {
  const dataDir = await dataDirectory(t);
  await mkdir(join(dataDir, 'cluster.new', 'base'), { recursive: true });
  const server = await start(t, { dataDir });
  assert.deepEqual(await query(server.adminURL, 'SELECT 1 AS n'), [{ n: 1 }]);
});

test('a data directory below a folder closed to others works for root too', async (t) => {
  const closed = await mkdtemp(join(tmpdir(), 'rig-closed-'));
  t.after(() => rm(closed, { recursive: true, force: true }));
  const server = await start(t, { dataDir: join(closed, 'rig', 'postgres') });
  assert.equal((await stat(closed)).mode & 0o777, 0o700);
  assert.deepEqual(await query(server.adminURL, 'SELECT 1 AS n'), [{ n: 1 }]);
});

test('the program prints one ready line, gives its roles a URL and ends with 0 on SIGTERM', async (t) => {
  const dataDir = await dataDirectory(t);
  const { child, line } = await runMain(['--data-dir', dataDir, '--role', 'rig_operator']);
  const url = await postgresURL({
    credentials: line.credentials as string,
    port: line.port as number,
    role: 'rig_operator',
    database: 'rig',
  });
  assert.deepEqual(await query(url, 'SELECT current_user AS who'), [{ who: 'rig_operator' }]);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.throws(() => process.kill(line.pid as number, 0), { code: 'ESRCH' });
});

test('the program told so ends when its standard input closes', async (t) => {
  const { child } = await runMain(['--data-dir', await dataDirectory(t), '--until-stdin-closes']);
  child.stdin?.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
