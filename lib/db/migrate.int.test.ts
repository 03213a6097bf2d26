import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testDatabase } from '../../test/kit/postgres.ts';
import { createPool, migrate } from './index.ts';

const ONE = '20260101000000_one.sql';
const TWO = '20260102000000_two.sql';

async function setUp(t: TestContext, files: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), 'rig-migrations-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const write = async (more: Record<string, string>) => {
    for (const [name, sql] of Object.entries(more)) await writeFile(join(directory, name), sql);
  };
  await write(files);
  const { pool, url } = await testDatabase(t);
  return { pool, url, directory, write, options: { schema: 'mine', directory, component: 'sample' } };
}

test('migrations are applied in the order of their names into their schema, once', async (t) => {
  const { pool, url, options, write } = await setUp(t, { [ONE]: 'CREATE TABLE n (v int)' });
  assert.deepEqual(await migrate(pool, options), [ONE]);
  await write({ [TWO]: 'INSERT INTO n VALUES (2)' });
  assert.deepEqual(await migrate(pool, options), [TWO]);
  assert.deepEqual(await migrate(pool, options), []);
  const inSchema = createPool(url, { applicationName: 'rig-test', schema: 'mine' });
  t.after(() => inSchema.end());
  assert.deepEqual((await inSchema.query('SELECT v FROM n')).rows, [{ v: 2 }]);
});

test('eight migrators at once apply each migration once', async (t) => {
  const { pool, options } = await setUp(t, { [ONE]: 'CREATE TABLE n (v int)', [TWO]: 'INSERT INTO n VALUES (1)' });
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(pool, options)));
  assert.deepEqual(applied.flat().sort(), [ONE, TWO]);
  assert.deepEqual((await pool.query('SELECT v FROM mine.n')).rows, [{ v: 1 }]);
});

test('an applied migration that reads differently now is refused by its file', async (t) => {
  const { pool, options, directory, write } = await setUp(t, { [ONE]: 'CREATE TABLE n (v int)' });
  await migrate(pool, options);
  await write({ [ONE]: 'CREATE TABLE n (v bigint)' });
  await assert.rejects(migrate(pool, options), {
    code: 'MigrationChanged',
    message: `The migration ${join(directory, ONE)} was changed after it had been applied to schema mine: restore the file and add a new migration instead.`,
  });
});

test('line endings alone do not count as a change', async (t) => {
  const { pool, options, write } = await setUp(t, { [ONE]: 'CREATE TABLE n (\nv int)\n' });
  await migrate(pool, options);
  await write({ [ONE]: 'CREATE TABLE n (\r\nv int)\r\n' });
  assert.deepEqual(await migrate(pool, options), []);
});

test('a database that is ahead of the code is refused', async (t) => {
  const { pool, options, directory } = await setUp(t, { [ONE]: 'SELECT 1', [TWO]: 'SELECT 1' });
  await migrate(pool, options);
  await rm(join(directory, TWO));
  await assert.rejects(migrate(pool, options), { code: 'NewerDatabase', message: new RegExp(TWO) });
});

test('a release runs on a database that is ahead of it by migrations that say they are additive', async (t) => {
  const { pool, options, write, directory } = await setUp(t, { [ONE]: 'CREATE TABLE n (v int)' });
  await write({ [TWO]: '-- additive\nALTER TABLE n ADD COLUMN w int' });
  assert.deepEqual(await migrate(pool, options), [ONE, TWO]);
  await rm(join(directory, TWO));
  assert.deepEqual(await migrate(pool, options), []);
});

test('a history from before migrations could be additive is taken up as it is', async (t) => {
  const { pool, options } = await setUp(t, { [ONE]: 'CREATE TABLE n (v int)' });
  assert.deepEqual(await migrate(pool, options), [ONE]);
  await pool.query('ALTER TABLE mine.migrations DROP COLUMN additive');
  assert.deepEqual(await migrate(pool, options), []);
});

test('a migration that fails leaves nothing of itself and names its file', async (t) => {
  const { pool, options } = await setUp(t, {
    [ONE]: 'CREATE TABLE n (v int)',
    [TWO]: 'CREATE TABLE m (v int); SELECT 1/0',
  });
  await assert.rejects(migrate(pool, options), {
    code: 'MigrationFailed',
    message: new RegExp(`${TWO} of sample failed in schema mine: division by zero`),
  });
  const { rows } = await pool.query(
    "SELECT to_regclass('mine.n') IS NOT NULL AS n, to_regclass('mine.m') IS NOT NULL AS m",
  );
  assert.deepEqual(rows, [{ n: true, m: false }]);
});

test('two components share a schema without taking each other for newer', async (t) => {
  const first = await setUp(t, { [ONE]: 'CREATE TABLE n (v int)' });
  await migrate(first.pool, first.options);
  await rm(join(first.directory, ONE));
  await first.write({ [TWO]: 'CREATE TABLE m (v int)' });
  assert.deepEqual(await migrate(first.pool, { ...first.options, component: 'other' }), [TWO]);
});

test('a file without a timestamp and a schema that is no plain name are refused', async (t) => {
  const { pool, options } = await setUp(t, { 'one.sql': 'SELECT 1' });
  await assert.rejects(migrate(pool, options), { code: 'BadName', message: /Rename the migration one\.sql/ });
  await assert.rejects(migrate(pool, { ...options, schema: 'a; DROP' }), { code: 'BadName' });
});

test('a migration may take longer than its pool waits for an answer', async (t) => {
  const { url, options } = await setUp(t, { [ONE]: 'SELECT pg_sleep(0.6)' });
  const hasty = createPool(url, { applicationName: 'rig-test', answerTimeoutMs: 400 });
  t.after(() => hasty.end());
  assert.deepEqual(await migrate(hasty, options), [ONE]);
});
