import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/kit/postgres.ts';
import { createPool, isUnavailable, isUniqueViolation, sqlState, transaction } from './index.ts';

test('what a transaction wrote is there after it, and its calls after commit have run', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query('CREATE TABLE n (v int)');
  const calls: string[] = [];
  const value = await transaction(pool, async (tx) => {
    tx.afterCommit(() => calls.push('committed'));
    await tx.query('INSERT INTO n VALUES (1)');
    assert.deepEqual(calls, []);
    return 'value';
  });
  assert.deepEqual([value, calls, (await pool.query('SELECT v FROM n')).rows], ['value', ['committed'], [{ v: 1 }]]);
});

test('an error rolls back, is passed on as it is, and no call after commit runs', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query('CREATE TABLE n (v int UNIQUE)');
  const error = new Error('mine');
  const failed = transaction(pool, async (tx) => {
    tx.afterCommit(() => assert.fail('ran after a rollback'));
    await tx.query('INSERT INTO n VALUES (1)');
    throw error;
  });
  await assert.rejects(failed, (thrown) => thrown === error);
  assert.equal((await pool.query('SELECT FROM n')).rowCount, 0);
});

test('a failed statement whose error was swallowed ends as RolledBack, not as success', async (t) => {
  const { pool } = await testDatabase(t);
  const swallowing = transaction(pool, async (tx) => {
    await tx.query('SELECT 1/0').catch(() => undefined);
  });
  await assert.rejects(swallowing, { code: 'RolledBack' });
});

test('two serializable transactions that contradict each other both end, one after a retry', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query('CREATE TABLE n (k int PRIMARY KEY, v int); INSERT INTO n VALUES (1, 0)');
  const bothHaveRead = Promise.withResolvers<void>();
  let runs = 0;
  const add = () =>
    transaction(
      pool,
      async (tx) => {
        const { rows } = await tx.query('SELECT v FROM n WHERE k = 1');
        if (++runs === 2) bothHaveRead.resolve();
        await bothHaveRead.promise;
        await tx.query('UPDATE n SET v = $1 WHERE k = 1', [rows[0].v + 1]);
      },
      { isolation: 'serializable', sleep: async () => undefined },
    );
  await Promise.all([add(), add()]);
  assert.deepEqual([runs, (await pool.query('SELECT v FROM n')).rows], [3, [{ v: 2 }]]);
});

test('a serialization failure that does not go away is thrown after the tries asked for', async (t) => {
  const { pool } = await testDatabase(t);
  let runs = 0;
  const failing = transaction(
    pool,
    async (tx) => {
      runs += 1;
      await tx.query("DO $$ BEGIN RAISE 'again' USING ERRCODE = '40001'; END $$");
    },
    { attempts: 4, sleep: async () => undefined },
  );
  await assert.rejects(failing, { code: '40001' });
  assert.equal(runs, 4);
});

test('a connection cut during COMMIT is told as CommitUnknown', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query(`CREATE TABLE n (v int);
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON n DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()`);
  await assert.rejects(
    transaction(pool, (tx) => tx.query('INSERT INTO n VALUES (1)')),
    { code: 'CommitUnknown' },
  );
  assert.equal((await pool.query('SELECT FROM n')).rowCount, 0);
});

test('a session that idles in a transaction is ended by the server and the pool goes on', async (t) => {
  const { url, pool } = await testDatabase(t);
  const strict = createPool(url, { applicationName: 'rig-test', max: 1, idleInTransactionMs: 50 });
  t.after(() => strict.end());
  const idle = strict.transaction(async (tx) => {
    const { rows } = await tx.query('SELECT pg_backend_pid() AS pid');
    for (let left = 1; left > 0; )
      left = (await pool.query('SELECT FROM pg_stat_activity WHERE pid = $1', [rows[0].pid])).rowCount ?? 0;
    await tx.query('SELECT 1');
  });
  await assert.rejects(idle, isUnavailable);
  assert.equal((await strict.query('SELECT 1 AS n')).rows[0].n, 1);
});

test('a statement over its time is cancelled', async (t) => {
  const { url } = await testDatabase(t);
  const strict = createPool(url, { applicationName: 'rig-test', statementTimeoutMs: 30 });
  t.after(() => strict.end());
  await assert.rejects(strict.query('SELECT pg_sleep(5)'), (error) => sqlState(error) === '57014');
});

test('an idle session cut by the server neither ends the process nor the pool', async (t) => {
  const { url, pool } = await testDatabase(t);
  const other = createPool(url, { applicationName: 'rig-cut', max: 1 });
  t.after(() => other.end());
  await other.query('SELECT 1');
  const failed = new Promise((resolve) => other.once('error', resolve));
  await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rig-cut'");
  await failed;
  assert.equal((await other.query('SELECT 1 AS n')).rows[0].n, 1);
});

test('bigint arrives as an exact number or as an error, xid8 as a BigInt', async (t) => {
  const { pool } = await testDatabase(t);
  const { rows } = await pool.query(
    "SELECT 9007199254740991::int8 AS n, '18446744073709551615'::xid8 AS x, NULL::int8 AS none",
  );
  assert.deepEqual(rows, [{ n: 9007199254740991, x: 18446744073709551615n, none: null }]);
  await assert.rejects(pool.query('SELECT 9007199254740993::int8'), { code: 'OutOfRange' });
});

test('a unique violation is recognised by its constraint', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query('CREATE TABLE n (v int CONSTRAINT n_once UNIQUE); INSERT INTO n VALUES (1)');
  const error = await pool.query('INSERT INTO n VALUES (1)').catch((thrown) => thrown);
  assert.deepEqual(
    [isUniqueViolation(error), isUniqueViolation(error, 'n_once'), isUniqueViolation(error, 'other')],
    [true, true, false],
  );
});

test('a server that cannot be reached is told apart from a bad statement', async (t) => {
  const { pool } = await testDatabase(t);
  const nowhere = createPool('postgres://a:b@127.0.0.1:1/x', { applicationName: 'rig-test' });
  t.after(() => nowhere.end());
  assert.equal(isUnavailable(await nowhere.query('SELECT 1').catch((error) => error)), true);
  assert.equal(isUnavailable(await pool.query('SELEC 1').catch((error) => error)), false);
});
