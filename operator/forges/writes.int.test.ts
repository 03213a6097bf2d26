import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { advanceEpoch, Effects, isEventsError, migrations, readEffect } from '#lib/events';
import { type Forge, ForgeError, type ForgeErrorCode } from '#lib/forge';
import { World } from '../../local/forge/testing/world.ts';
import { type TestDatabase, testDatabase } from '../../test/kit/postgres.ts';
import { markedUid, marker } from './markers.ts';
import { Outdated } from './outdated.ts';
import { as, newPull, newThread, repo } from './pulls.int-kit.ts';
import { fakeClock, override, unsure } from './unsure.int-kit.ts';
import { ForgeWrites, type Target } from './writes.ts';

const path = '/repos/acme/widgets';
let world: World;
let database: TestDatabase;

before(async () => {
  world = await World.start({ webhookRetrySeconds: [] });
  database = await testDatabase(undefined, { migrations: [migrations] });
  await advanceEpoch(database.pool, 'test');
});
after(async () => {
  await world?.close();
  await database?.drop();
});

/** On a clock that stands still: a busy machine is no process that stood still before its write. */
function openWrites() {
  const { pool } = database;
  return { pool, writes: new ForgeWrites(new Effects({ db: pool, clock: fakeClock() }), pool) };
}

interface Write {
  readonly title: string;
  readonly by: string;
  readonly method: keyof Forge;
  /** Prepares, then answers what is written and what the forge must show afterwards, exactly once. */
  prepare(): Promise<{
    run(writes: ForgeWrites, target: Target): Promise<unknown>;
    shown(): Promise<unknown>;
    once: unknown;
  }>;
  /** Writing the same twice is harmless, so it may be. */
  readonly idempotent?: boolean;
}

const writes: Write[] = [
  {
    title: 'filing an issue',
    by: 'boss',
    method: 'createIssue',
    prepare: async () => {
      const uid = crypto.randomUUID();
      return {
        run: (writes, target) =>
          writes.fileIssue(target, { uid, revision: 1, title: `Filed ${uid}`, body: 'Text.', labels: ['bug'] }),
        shown: async () => {
          const { body } = await world.rest('boss', `GET ${path}/issues?state=all&per_page=100`);
          return body.filter((issue: { body: string }) => markedUid(issue.body ?? '') === uid).length;
        },
        once: 1,
      };
    },
  },
  {
    title: 'opening a pull request',
    by: 'dev',
    method: 'createPullRequest',
    prepare: async () => {
      const { number, branch, head: headSHA } = await newPull(world);
      await world.rest('dev', `PATCH ${path}/pulls/${number}`, { state: 'closed' });
      const head = `${branch.slice(0, -1)}2`;
      await world.git('work', 'push', '-q', world.remote('dev'), `${branch}:refs/heads/${head}`);
      return {
        run: (writes, target) =>
          writes.openPullRequest(target, { head, headSHA, base: 'main', title: 'A change', body: 'Text.' }),
        shown: async () => (await world.rest('dev', `GET ${path}/pulls?state=all&head=acme:${head}`)).body.length,
        once: 1,
      };
    },
  },
  {
    title: 'describing a pull request',
    by: 'dev',
    method: 'updatePullRequest',
    idempotent: true,
    prepare: async () => {
      const { number } = await newPull(world);
      const change = { title: `Described ${number}`, body: 'All of it.' };
      return {
        run: (writes, target) => writes.describePullRequest(target, number, `key-${number}`, change),
        shown: async () => (await world.rest('dev', `GET ${path}/pulls/${number}`)).body.title,
        once: change.title,
      };
    },
  },
  {
    title: 'closing a pull request',
    by: 'dev',
    method: 'updatePullRequest',
    idempotent: true,
    prepare: async () => {
      const { number } = await newPull(world);
      return {
        run: (writes, target) => writes.closePullRequest(target, number),
        shown: async () => (await world.rest('dev', `GET ${path}/pulls/${number}`)).body.state,
        once: 'closed',
      };
    },
  },
  {
    title: 'closing an issue',
    by: 'dev',
    method: 'closeIssue',
    idempotent: true,
    prepare: async () => {
      const { number } = (await world.rest('boss', `POST ${path}/issues`, { title: 'All of it' }, 201)).body;
      return {
        run: (writes, target) => writes.closeIssue(target, number, `all-${number}`),
        shown: async () => (await world.rest('dev', `GET ${path}/issues/${number}`)).body.state,
        once: 'closed',
      };
    },
  },
  {
    title: 'opening an issue again',
    by: 'dev',
    method: 'reopenIssue',
    idempotent: true,
    prepare: async () => {
      const { number } = (await world.rest('boss', `POST ${path}/issues`, { title: 'It broke' }, 201)).body;
      await world.rest('boss', `PATCH ${path}/issues/${number}`, { state: 'closed' });
      return {
        run: (writes, target) => writes.reopenIssue(target, number, `again-${number}`),
        shown: async () => (await world.rest('dev', `GET ${path}/issues/${number}`)).body.state,
        once: 'open',
      };
    },
  },
  {
    title: 'a comment',
    by: 'dev',
    method: 'comment',
    prepare: async () => {
      const { number } = await newPull(world);
      return {
        run: (writes, target) => writes.comment(target, number, `said-${number}`, 'This fixes #1.'),
        shown: async () => {
          const { body } = await world.rest('dev', `GET ${path}/issues/${number}/comments`);
          return body.map((comment: { body: string }) => comment.body.includes(marker('comment', `said-${number}`)));
        },
        once: [true],
      };
    },
  },
  {
    title: 'a review',
    by: 'reviewer',
    method: 'createReview',
    prepare: async () => {
      const { number, head } = await newPull(world);
      const review = { commitSHA: head, event: 'APPROVE', body: 'Good.', comments: [] } as const;
      return {
        run: (writes, target) => writes.review(target, number, `task-${number}`, review),
        shown: async () => (await world.rest('dev', `GET ${path}/pulls/${number}/reviews`)).body.length,
        once: 1,
      };
    },
  },
  ...(['replyToThread', 'resolveThread'] as const).map(
    (method): Write => ({
      title: `settling a thread (${method})`,
      by: 'dev',
      method,
      idempotent: method === 'resolveThread',
      prepare: async () => {
        const { number, head } = await newPull(world);
        const thread = await newThread(world, number, head);
        return {
          run: (writes, target) =>
            writes.settleThread(target, thread, `settled-${number}`, { to: 'resolved', reply: 'Done.' }),
          shown: async () => {
            const { resolved, comments } = await as(world, 'dev').thread(thread);
            return [resolved, comments.length];
          },
          once: [true, 2],
        };
      },
    }),
  ),
  {
    title: 'the merge',
    by: 'boss',
    method: 'merge',
    prepare: async () => {
      const { number, head, branch } = await newPull(world);
      const request = { sha: head, method: 'squash', title: `Merge of ${branch}`, message: 'From data.' } as const;
      return {
        run: (writes, target) => writes.merge(target, number, '5', request),
        shown: async () => {
          const { body } = await world.rest('dev', `GET ${path}/commits?per_page=100`);
          return body.filter((one: { commit: { message: string } }) => one.commit.message.startsWith(request.title))
            .length;
        },
        once: 1,
      };
    },
  },
];

for (const { title, by, method, prepare, idempotent } of writes)
  for (const fate of ['answer lost', 'never arrived', 'came late', 'reads lost'] as const)
    test(`${title}, ${fate}: it is there once, and the same call again writes nothing`, async () => {
      const clock = fakeClock();
      const { pool } = openWrites();
      const writes = new ForgeWrites(new Effects({ db: pool, clock }), pool);
      const { run, shown, once } = await prepare();
      const { forge, calls } = unsure(as(world, by), method, fate, clock);
      const target = { forge, repo, subject: crypto.randomUUID() };
      const answer = await run(writes, target);
      assert.deepEqual(await shown(), once);
      const made = calls();
      if (!idempotent) assert.equal(made, 1);
      assert.deepEqual(await run(writes, target), answer);
      // Another process, with nothing in memory.
      const other = new ForgeWrites(new Effects({ db: pool, clock: fakeClock() }), pool);
      assert.deepEqual(await run(other, target), answer);
      assert.deepEqual([await shown(), calls()], [once, made]);
    });

test('forwarding a head, answer lost: the branch tells that it was moved, and the push is not repeated', async () => {
  const { writes } = openWrites();
  const { head, branch } = await newPull(world);
  const target = { forge: as(world, 'dev'), repo, subject: crypto.randomUUID() };
  let pushes = 0;
  const push = async () => {
    pushes += 1;
    throw new Error('socket closed');
  };
  await writes.forwardHead(target, branch, { from: null, to: head }, push);
  assert.equal(pushes, 1);
});

test('forwarding a head that is moved, or refused, a second time is another push', async () => {
  const { writes } = openWrites();
  const { head, branch } = await newPull(world);
  const target = { forge: as(world, 'dev'), repo, subject: crypto.randomUUID() };
  const move = { from: null, to: head };
  const said: string[] = [];
  const push = async () => void said.push('pushed');
  const refused = async () => {
    said.push('refused');
    throw Object.assign(new Error('a rule forbids it'), { status: 409 });
  };
  await writes.forwardHead(target, branch, move, push);
  await assert.rejects(writes.forwardHead(target, branch, move, refused), (error) =>
    isEventsError(error, 'EffectRefused'),
  );
  await writes.forwardHead(target, branch, move, push);
  assert.deepEqual(said, ['pushed', 'refused', 'pushed']);
});

test('forwarding a head that nothing is known of goes on with the push that was begun', async () => {
  const { writes, pool } = openWrites();
  const { head, branch } = await newPull(world);
  const target = { forge: as(world, 'dev'), repo, subject: crypto.randomUUID() };
  const unreachable = async () => Promise.reject(Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }));
  const move = { from: null, to: head };
  for (let once = 0; once < 2; once += 1) await assert.rejects(writes.forwardHead(target, branch, move, unreachable));
  await writes.forwardHead(target, branch, move, async () => {});
  const { rows } = await pool.query('SELECT state, attempt FROM effects WHERE subject = $1', [target.subject]);
  assert.deepEqual(rows, [{ state: 'succeeded', attempt: 3 }]);
});

test('a pull request that somebody opened for the branch before is the one', async () => {
  const { writes } = openWrites();
  const { number, branch, head } = await newPull(world);
  const target = { forge: as(world, 'dev'), repo, subject: crypto.randomUUID() };
  const opened = await writes.openPullRequest(target, {
    head: branch,
    headSHA: head,
    base: 'main',
    title: 'Mine',
    body: '',
  });
  assert.equal(opened.number, number);
});

test('a pull request that cannot be opened while the forge is away rejects once, with no stray rejection beside it', async (t) => {
  const { writes } = openWrites();
  const stray: unknown[] = [];
  const note = (reason: unknown) => stray.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const away = async () => Promise.reject(new ForgeError('Unavailable', 'The forge is down.'));
  const forge = override(as(world, 'dev'), { createPullRequest: away, findPullRequestByHead: away });
  const target = { forge, repo, subject: crypto.randomUUID() };
  const request = { head: 'rig/x/1', headSHA: 'f'.repeat(40), base: 'main', title: 'T', body: '' };
  await assert.rejects(writes.openPullRequest(target, request), (error) => isEventsError(error, 'EffectNotPerformed'));
  await new Promise(setImmediate);
  assert.deepEqual(stray, []);
});

const classes: Record<ForgeErrorCode, 'EffectRefused' | 'EffectNotPerformed'> = {
  Validation: 'EffectRefused',
  Conflict: 'EffectRefused',
  NotFound: 'EffectNotPerformed',
  Unauthorized: 'EffectNotPerformed',
  Forbidden: 'EffectNotPerformed',
  RateLimited: 'EffectNotPerformed',
  Unavailable: 'EffectNotPerformed',
  Timeout: 'EffectNotPerformed',
  NotImplemented: 'EffectNotPerformed',
  InstallationRemoved: 'EffectNotPerformed',
  InstallationSuspended: 'EffectNotPerformed',
  Malformed: 'EffectNotPerformed',
};
for (const [code, expected] of Object.entries(classes))
  test(`a write that the forge certainly did not do for ${code} is ${expected}`, async () => {
    const { pool, writes } = openWrites();
    const failure = new ForgeError(code as ForgeErrorCode, 'No.');
    let calls = 0;
    const comment = async () => {
      calls += 1;
      if (calls === 1) throw failure;
      return { url: 'made' };
    };
    const target = { forge: override(as(world, 'dev'), { comment }), repo, subject: crypto.randomUUID() };
    const say = () => writes.comment(target, 1, code, 'Text.');
    await assert.rejects(say(), (error) => isEventsError(error, expected as 'EffectRefused'));
    if (expected === 'EffectNotPerformed') assert.deepEqual(await say(), { url: 'made' });
    else await assert.rejects(say(), (error) => isEventsError(error, 'EffectRefused'));
    const state = (await readEffect(pool, `comment/${code}`))?.state;
    assert.equal(state, expected === 'EffectNotPerformed' ? 'succeeded' : 'failed');
  });

test('a merge of which nothing was heard is not sent again on what it was decided on then', async () => {
  const { pool } = database;
  const { number, head } = await newPull(world);
  const clock = fakeClock();
  const { forge, calls } = unsure(as(world, 'boss'), 'merge', 'never arrived', clock);
  const writes = new ForgeWrites(new Effects({ db: pool, clock }), pool);
  const target = { forge, repo, subject: crypto.randomUUID() };
  const readAt = clock.now();
  const still = async () => {
    if (clock.now() - readAt > 2_000) throw new Outdated('It had grown old.');
  };
  const request = { sha: head, method: 'squash', title: 'T', message: 'M', still } as const;
  const merge = () => writes.merge(target, number, '7', request);
  await assert.rejects(
    merge(),
    (error) => isEventsError(error, 'EffectRefused') && error.message === 'It had grown old.',
  );
  assert.deepEqual([calls(), (await as(world, 'boss').pullRequest(repo, number)).state], [1, 'open']);
  assert.equal((await readEffect(pool, `merge/${target.subject}/7`))?.state, 'failed');
});

test('a merge that the forge refuses is an outcome: the same decision is never tried again', async () => {
  const { writes } = openWrites();
  const { number } = await newPull(world);
  const target = { forge: as(world, 'boss'), repo, subject: crypto.randomUUID() };
  const request = { sha: 'f'.repeat(40), method: 'squash', title: 'T', message: 'M' } as const;
  const result = await writes.merge(target, number, '5', request);
  assert.ok(!result.merged && result.code === 'HeadMoved');
  const unreachable = override(as(world, 'boss'), { merge: async () => assert.fail('it was tried again') });
  assert.deepEqual(await writes.merge({ ...target, forge: unreachable }, number, '5', request), result);
});

test('a pull request that a forge refuses to close is closed where it was merged meanwhile, and not where it is open still', async () => {
  const { writes } = openWrites();
  const updatePullRequest = async () => Promise.reject(new ForgeError('Validation', 'It cannot be closed.'));
  const forge = override(as(world, 'boss'), { updatePullRequest });
  const closing = (number: number) => writes.closePullRequest({ forge, repo, subject: crypto.randomUUID() }, number);
  const { number } = await newPull(world);
  await assert.rejects(closing(number), (error: Error) => isEventsError(error, 'EffectRefused'));
  await world.rest('boss', `PUT ${path}/pulls/${number}/merge`, {}, 200);
  await closing(number);
});

test('what an agent says closes no issue and carries no mark of another write', async () => {
  const { writes } = openWrites();
  const { number } = await newPull(world);
  const target = { forge: as(world, 'dev'), repo, subject: crypto.randomUUID() };
  const forged = marker('comment', `next-${number}`);
  await writes.comment(target, number, `first-${number}`, `Fixes #1 ${forged}`);
  await writes.comment(target, number, `next-${number}`, 'Really.');
  const { body } = await world.rest('dev', `GET ${path}/issues/${number}/comments`);
  assert.equal(body.length, 2);
  assert.ok(!body[0].body.includes(forged));
  assert.doesNotMatch(body[0].body, /fixes #1/i);
});

test('a write asked for by a leader that was followed by another is refused', async () => {
  const { pool, writes } = openWrites();
  const target = { forge: as(world, 'dev'), repo, subject: crypto.randomUUID(), epoch: 1 };
  await advanceEpoch(pool, 'next');
  const forge = override(target.forge, { comment: async () => assert.fail('it was written') });
  const late = writes.comment({ ...target, forge }, 1, 'late', 'Text.');
  await assert.rejects(late, (error) => isEventsError(error, 'StaleEpoch'));
});
