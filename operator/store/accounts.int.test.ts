import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everDispatched, rememberAccount, rememberedAccounts } from './accounts.ts';
import { cause, file, openLog, queueUp } from './store.int-kit.ts';
import { claimNext } from './take.ts';

const place = { namespace: 'team', host: 'forge.example' };
const account = (id: number, login: string) => ({ id, login, kind: 'user' as const });

test('accounts are kept for each namespace, host and Agent, the newest first, and one that returns is the newest again', async (t) => {
  const { pool } = await openLog(t);
  t.after(() => pool.end());
  await rememberAccount(pool, place, 'dev-e', account(7, 'dev'));
  await rememberAccount(pool, place, 'dev-e', account(8, 'dev-2'));
  await rememberAccount(pool, { ...place, namespace: 'other' }, 'dev-e', account(9, 'theirs'));
  await rememberAccount(pool, { ...place, host: 'ghe.example' }, 'dev-e', account(10, 'there'));
  const logins = async () => (await rememberedAccounts(pool, place, 0)).get('dev-e')?.map(({ login }) => login);
  assert.deepEqual(await logins(), ['dev-2', 'dev']);
  await rememberAccount(pool, place, 'dev-e', account(7, 'renamed'));
  assert.deepEqual(await logins(), ['renamed', 'dev-2']);
});

test('what another conductor remembered is met after a quarter of a minute at most', async (t) => {
  const { pool } = await openLog(t);
  t.after(() => pool.end());
  assert.equal((await rememberedAccounts(pool, place, 0)).size, 0);
  await pool.query(
    `INSERT INTO agent_accounts (namespace, host, agent_uid, account_id, login, kind) VALUES ('team', 'forge.example', 'dev-e', 7, 'dev', 'user')`,
  );
  assert.equal((await rememberedAccounts(pool, place, 14_999)).size, 0);
  assert.equal((await rememberedAccounts(pool, place, 15_000)).size, 1);
});

test('an Agent was ever given a task, or never', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  await queueUp(world, await file(world, 'one'), ['dev-e']);
  assert.equal(await everDispatched(world.pool, 'dev-e'), false);
  await claimNext(world.log, { name: 'dev-e', uid: 'dev-e', concurrency: 1 }, world.leader, cause);
  assert.equal(await everDispatched(world.pool, 'dev-e'), true);
});
