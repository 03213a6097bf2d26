import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { advanceEpoch, Effects, isEventsError, migrations } from '#lib/events';
import type { Forge } from '#lib/forge';
import { World } from '../../local/forge/testing/world.ts';
import { type TestDatabase, testDatabase } from '../../test/kit/postgres.ts';
import { as, newPull, newThread, repo } from './pulls.int-kit.ts';
import { fakeClock, unsure } from './unsure.int-kit.ts';
import { ForgeWrites, type Target } from './writes.ts';

const path = '/repos/acme/widgets';
let world: World;
let database: TestDatabase;

before(async () => {
  world = await World.start({ webhookRetrySeconds: [] });
  database = await testDatabase(undefined, { migrations: [migrations] });
});
after(async () => {
  await world?.close();
  await database?.drop();
});

async function newIssue(state: 'open' | 'closed') {
  const { number } = (await world.rest('boss', `POST ${path}/issues`, { title: 'It broke' }, 201)).body;
  const put = (state: 'open' | 'closed') => world.rest('boss', `PATCH ${path}/issues/${number}`, { state });
  if (state === 'closed') await put(state);
  return { number, put, stands: async () => (await world.rest('dev', `GET ${path}/issues/${number}`)).body.state };
}

interface Setting {
  readonly title: string;
  readonly method: keyof Forge;
  /** Prepares, then answers what is set, how a person puts it back, and how it stands. */
  prepare(): Promise<{
    run(writes: ForgeWrites, target: Target): Promise<unknown>;
    putBack(): Promise<unknown>;
    stands(): Promise<unknown>;
  }>;
}

const settings: Setting[] = [
  {
    title: 'closed an issue',
    method: 'closeIssue',
    prepare: async () => {
      const { number, put, stands } = await newIssue('open');
      const run = (writes: ForgeWrites, target: Target) => writes.closeIssue(target, number, `lost-${number}`);
      return { run, putBack: () => put('open'), stands };
    },
  },
  {
    title: 'opened an issue again',
    method: 'reopenIssue',
    prepare: async () => {
      const { number, put, stands } = await newIssue('closed');
      const run = (writes: ForgeWrites, target: Target) => writes.reopenIssue(target, number, `lost-${number}`);
      return { run, putBack: () => put('closed'), stands };
    },
  },
  {
    title: 'closed a pull request',
    method: 'updatePullRequest',
    prepare: async () => {
      const { number } = await newPull(world);
      return {
        run: (writes, target) => writes.closePullRequest(target, number),
        putBack: () => world.rest('boss', `PATCH ${path}/pulls/${number}`, { state: 'open' }),
        stands: async () => (await world.rest('dev', `GET ${path}/pulls/${number}`)).body.state,
      };
    },
  },
  {
    title: 'rewrote a pull request',
    method: 'updatePullRequest',
    prepare: async () => {
      const { number } = await newPull(world);
      const change = { title: 'From the rig', body: 'All of it.' };
      return {
        run: (writes, target) => writes.describePullRequest(target, number, `lost-${number}`, change),
        putBack: () => world.rest('boss', `PATCH ${path}/pulls/${number}`, { title: 'Better', body: 'Said by hand.' }),
        stands: async () => (await world.rest('dev', `GET ${path}/pulls/${number}`)).body.title,
      };
    },
  },
  ...(['resolved', 'open'] as const).map(
    (to): Setting => ({
      title: `settled a thread as ${to}`,
      method: to === 'resolved' ? 'resolveThread' : 'reopenThread',
      prepare: async () => {
        const { number, head } = await newPull(world);
        const thread = await newThread(world, number, head);
        if (to === 'open') await as(world, 'dev').resolveThread(thread);
        return {
          run: (writes, target) => writes.settleThread(target, thread, `lost-${number}`, { to, reply: '' }),
          putBack: () =>
            to === 'resolved' ? as(world, 'reviewer').reopenThread(thread) : as(world, 'dev').resolveThread(thread),
          stands: async () => (await as(world, 'dev').thread(thread)).resolved,
        };
      },
    }),
  ),
];

for (const { title, method, prepare } of settings)
  test(`a leader that was followed while it looked whether it ${title} leaves it as a person put it since`, async () => {
    const { pool } = database;
    const clock = fakeClock();
    const { run, putBack, stands } = await prepare();
    const { forge, calls } = unsure(as(world, 'dev'), method, 'never arrived', clock);
    const target = { forge, repo, subject: crypto.randomUUID(), epoch: await advanceEpoch(pool, 'first') };
    const seen = [await stands()];
    // Half a minute into its window another leads and does it, and a person takes it back.
    clock.in(30_000, async () => {
      const epoch = await advanceEpoch(pool, 'next');
      const later = fakeClock();
      later.time += 120_000;
      const next = new ForgeWrites(new Effects({ db: pool, clock: later }), pool);
      await run(next, { ...target, forge: as(world, 'dev'), epoch });
      seen.push(await stands());
      await putBack();
      seen.push(await stands());
    });
    const late = run(new ForgeWrites(new Effects({ db: pool, clock }), pool), target);
    await assert.rejects(late, (error) => isEventsError(error, 'StaleEpoch'));
    assert.deepEqual([seen.length, new Set(seen.slice(0, 2)).size, new Set(seen.slice(1)).size], [3, 2, 2]);
    assert.deepEqual([await stands(), calls()], [seen[2], 0]);
  });
