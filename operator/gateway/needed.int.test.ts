import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import type { KubeObject } from '#lib/kube';
import { openLog } from '../store/store.int-kit.ts';
import { neededOf } from './needed.ts';

const HERE = { host: 'forge.test', id: 7 };

function named(...ids: readonly (number | undefined)[]) {
  const repositories = ids.map((repositoryID, at) => ({
    spec: { apiURL: 'https://forge.test', defaultBranch: `main-${at}` },
    ...(repositoryID === undefined ? {} : { status: { forge: { repositoryID } } }),
  })) as (Repository & KubeObject)[];
  return { list: () => repositories, hasSynced: () => true };
}

test('of a copy the base branches of the Repositories are needed that name it, and the commit up to which the ledger has read it', async (t) => {
  const { pool } = await openLog(t);
  await pool.query(
    "INSERT INTO ledger_bases VALUES ('forge.test', 7, 'abc'), ('forge.test', 8, 'def'), ('other.test', 7, 'ghi')",
  );
  const repositories = named(7, undefined, 8, 7);
  const needed = { refs: ['refs/heads/main-0', 'refs/heads/main-3'], commits: ['abc'] };
  assert.deepEqual(await neededOf({ repositories, pool }, HERE), needed);
  assert.equal(await neededOf({ repositories, pool }, { ...HERE, host: 'other.test' }), null);
  assert.equal(await neededOf({ repositories: named(undefined, 8), pool }, HERE), null);
});

test('while Repositories are not known, or the database is away, nobody can say what is needed of a copy', async (t) => {
  const { pool } = await openLog(t);
  const early = { ...named(7), hasSynced: () => false };
  await assert.rejects(neededOf({ repositories: early, pool }, HERE), /not known yet/);
  const away = { query: () => Promise.reject(new Error('away')) } as unknown as typeof pool;
  await assert.rejects(neededOf({ repositories: named(7), pool: away }, HERE), /away/);
});
