import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createPool } from '#lib/db';
import { testDatabase } from '../../test/kit/postgres.ts';
import {
  advanceEpoch,
  type Clock,
  currentEpoch,
  type EffectRequest,
  type EffectSteps,
  Effects,
  migrations,
  openEffects,
  readEffect,
  systemClock,
} from './index.ts';

/** Time that passes only while somebody sleeps. */
function fakeClock(): Clock & { time: number } {
  const clock = {
    time: 1_700_000_000_000,
    now: () => clock.time,
    sleep: async (ms: number) => {
      clock.time += ms;
    },
  };
  return clock;
}

async function setUp(t: TestContext) {
  const { pool, url } = await testDatabase(t, { migrations: [migrations] });
  const epoch = await advanceEpoch(pool, 'test');
  const clock = fakeClock();
  return { pool, url, epoch, clock, effects: new Effects({ db: pool, clock }) };
}

const comment = (epoch: number, key = 'comment/1'): EffectRequest<{ body: string }> => ({
  key,
  kind: 'comment',
  subject: 'issue-1',
  epoch,
  request: { body: 'hello' },
});

const never: EffectSteps<unknown, never>['find'] = async () => assert.fail('nobody should look');
const nobody = async () => assert.fail('nobody should act');
const failure = (message: string, more: object) => Object.assign(new Error(message), more);

test('an effect is performed once and its outcome is given to whoever asks again', async (t) => {
  const { pool, epoch, effects, clock } = await setUp(t);
  let performed = 0;
  const steps = { find: never, perform: async ({ body }: { body: string }) => ({ id: ++performed, body }) };
  const first = await effects.run(comment(epoch), steps);
  const again = await new Effects({ db: pool, clock }).run(comment(epoch), steps);
  assert.deepEqual([first, again, performed], [{ id: 1, body: 'hello' }, { id: 1, body: 'hello' }, 1]);
  assert.deepEqual(await openEffects(pool), []);
});

test('that an effect begins is committed before it is performed', async (t) => {
  const { pool, epoch, effects } = await setUp(t);
  await effects.run(comment(epoch), {
    find: never,
    perform: async () => {
      const row = await readEffect(pool, 'comment/1');
      assert.deepEqual([row?.state, row?.attempt, row?.request], ['started', 1, { body: 'hello' }]);
      return 1;
    },
  });
});

test('while the other side answers no transaction is open, so no tail is held back', async (t) => {
  const { pool, epoch, effects } = await setUp(t);
  const open =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND (backend_xid IS NOT NULL OR state LIKE 'idle in transaction%')";
  await effects.run(comment(epoch), {
    find: never,
    perform: async () => assert.equal((await pool.query(open)).rowCount, 0) ?? 1,
  });
});

test('a refusal is stored with its reason, thrown again, and another key may try again', async (t) => {
  const { epoch, effects } = await setUp(t);
  let calls = 0;
  const perform = async () => {
    calls += 1;
    throw failure('Validation failed: head is the same as base', { status: 422 });
  };
  for (let i = 0; i < 2; i += 1)
    await assert.rejects(effects.run(comment(epoch), { find: never, perform }), {
      code: 'EffectRefused',
      message: 'Validation failed: head is the same as base',
    });
  assert.equal(calls, 1);
  assert.equal(await effects.run(comment(epoch, 'comment/1/2'), { find: never, perform: async () => 'ok' }), 'ok');
});

test('after a failure that certainly did nothing the same key is performed without a look', async (t) => {
  const { epoch, effects, pool } = await setUp(t);
  const perform = async () => Promise.reject(failure('slow down', { status: 429 }));
  await assert.rejects(effects.run(comment(epoch), { find: never, perform }), {
    code: 'EffectNotPerformed',
    message: /slow down/,
  });
  assert.equal((await openEffects(pool)).length, 1);
  assert.equal(await effects.run(comment(epoch), { find: never, perform: async () => 'ok' }), 'ok');
});

test('a timeout after the effect: it is found and not repeated', async (t) => {
  const { epoch, effects, clock } = await setUp(t);
  const began = clock.time;
  let calls = 0;
  const perform = async () => {
    calls += 1;
    throw new Error('timeout');
  };
  const outcome = await effects.run(comment(epoch), {
    perform,
    find: async () => (clock.time >= began + 20_000 ? 'found' : undefined),
  });
  assert.deepEqual([outcome, calls], ['found', 1]);
});

test('an effect that did not take place is repeated only after it was looked for over the whole window', async (t) => {
  const { epoch, effects, clock } = await setUp(t);
  const began = clock.time;
  const performedAt: number[] = [];
  let looks = 0;
  const perform = async () => {
    if (performedAt.push(clock.time - began) === 1) throw new Error('timeout');
    return 'second';
  };
  const find = async () => {
    looks += 1;
    return undefined;
  };
  assert.equal(await effects.run(comment(epoch), { perform, find }), 'second');
  assert.equal(performedAt[0], 0);
  assert.ok(performedAt[1]! >= 60_000 && performedAt[1]! < 66_000, `repeated after ${performedAt[1]} ms`);
  assert.ok(looks >= 5 && looks < 40, `${looks} looks`);
});

test('while nobody can tell whether it took place it is not repeated', async (t) => {
  const { epoch, effects, pool } = await setUp(t);
  let calls = 0;
  const perform = async () => {
    calls += 1;
    throw new Error('timeout');
  };
  const blind = async () => Promise.reject(new Error('the forge is down'));
  await assert.rejects(effects.run(comment(epoch), { perform, find: blind }), { code: 'EffectUnknown' });
  assert.deepEqual([calls, (await readEffect(pool, 'comment/1'))?.state], [1, 'started']);
});

test('two unknown outcomes in a row end the call, the key stays open', async (t) => {
  const { epoch, effects } = await setUp(t);
  let calls = 0;
  const perform = async () => {
    calls += 1;
    throw new Error('timeout');
  };
  const absent = async () => undefined;
  await assert.rejects(effects.run(comment(epoch), { perform, find: absent }), { code: 'EffectUnknown' });
  assert.equal(calls, 2);
  assert.equal(await effects.run(comment(epoch), { find: async () => 'there after all', perform }), 'there after all');
});

/** Time that stands still: who sleeps does so until he is woken. */
function heldClock() {
  const held: { ms: number; wake: () => void }[] = [];
  const waiting: { count: number; reached: () => void }[] = [];
  const clock = {
    time: 1_700_000_000_000,
    now: () => clock.time,
    sleep: (ms: number) =>
      new Promise<void>((wake) => {
        held.push({ ms, wake });
        for (const { count, reached } of waiting) if (held.length >= count) reached();
      }),
    /** Resolves when so many sleep at once. */
    sleepers: (count: number) =>
      new Promise<void>((reached) => (held.length >= count ? reached() : waiting.push({ count, reached }))),
    /** Lets the time pass for which the sleepers of now asked. */
    wakeAll: () => {
      const all = held.splice(0);
      clock.time += Math.max(...all.map(({ ms }) => ms));
      for (const { wake } of all) wake();
    },
  };
  return clock;
}

const HELD_LOCKS = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

test('who waits for his next look holds neither session nor slot: another write goes through', {
  timeout: 20_000,
}, async (t) => {
  const { pool, epoch } = await setUp(t);
  const clock = heldClock();
  const effects = new Effects({ db: pool, clock });
  let there = false;
  const steps = {
    perform: async () => Promise.reject(new Error('502')),
    find: async () => (there ? 'found' : undefined),
  };
  const blind = { ...steps, find: async () => (there ? 'found' : Promise.reject(new Error('it waits for the limit'))) };
  const unknown = [1, 2, 3, 4, 5, 6].map((i) => effects.run(comment(epoch, `lost/${i}`), i > 3 ? blind : steps));
  await clock.sleepers(6);
  assert.equal((await pool.query(HELD_LOCKS)).rowCount, 0);
  assert.equal(await effects.run(comment(epoch, 'another'), { find: never, perform: async () => 'done' }), 'done');
  there = true;
  clock.wakeAll();
  assert.deepEqual(await Promise.all(unknown), Array(6).fill('found'));
});

test('two callers of a key whose outcome is unknown look for it by turns, and one of them repeats it, once', async (t) => {
  const { pool, url, epoch, clock } = await setUp(t);
  const other = createPool(url, { applicationName: 'rig-other', schema: 'rig' });
  t.after(() => other.end());
  const performedAt: number[] = [];
  let closes = Infinity;
  let [now, most] = [0, 0];
  const alone = async <T>(outcome: () => T): Promise<T> => {
    most = Math.max(most, ++now);
    await pool.query('SELECT 1');
    now -= 1;
    return outcome();
  };
  const steps: EffectSteps<unknown, string> = {
    perform: () =>
      alone(() => {
        if (performedAt.push(clock.time) === 1) throw new Error('timeout');
        return 'second';
      }),
    // The window is that of the attempt's beginning on record; the clock may go on until it is performed.
    find: (_, row) =>
      alone(() => {
        closes = row.startedAt!.getTime() + 60_000;
        return undefined;
      }),
  };
  const callers = [pool, other, pool, other].map((db) => new Effects({ db, clock }).run(comment(epoch), steps));
  assert.deepEqual(await Promise.all(callers), Array(4).fill('second'));
  assert.deepEqual([performedAt.length, most], [2, 1]);
  assert.ok(performedAt[1]! >= closes, `repeated ${closes - performedAt[1]!} ms before its window closed`);
});

test('a leader that was followed by another while it looked looks no more, and performs nothing', async (t) => {
  const { pool, epoch, clock, effects } = await setUp(t);
  let [looks, performed] = [0, 0];
  const perform = async () => {
    performed += 1;
    throw new Error('timeout');
  };
  const find = async () => {
    looks += 1;
    if (looks === 2) await advanceEpoch(pool, 'another');
    return undefined;
  };
  await assert.rejects(effects.run(comment(epoch), { perform, find }), { code: 'StaleEpoch' });
  assert.deepEqual([looks, performed], [2, 1]);
  const next = await currentEpoch(pool);
  const outcome = await new Effects({ db: pool, clock }).run(comment(next), { find: async () => 'seen', perform });
  assert.deepEqual([outcome, performed], ['seen', 1]);
});

test('a leader that was followed by another while it waited for a slot does not even look', async (t) => {
  const { pool, epoch, clock } = await setUp(t);
  const effects = new Effects({ db: pool, clock, concurrency: 1 });
  const lost = { perform: async () => Promise.reject(new Error('timeout')), find: async () => 'seen' };
  const looking = { ...lost, find: async () => Promise.reject(new Error('down')) };
  await assert.rejects(effects.run(comment(epoch), { ...looking }), { code: 'EffectUnknown' });
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = effects.run(comment(epoch, 'first'), {
    find: never,
    perform: async () => {
      begun.resolve();
      await end.promise;
      await advanceEpoch(pool, 'another');
      return 1;
    },
  });
  const ended = assert.rejects(first, { code: 'StaleEpoch' });
  await begun.promise;
  // Its epoch is read before it asks for the slot, which is taken.
  const read = Promise.withResolvers<void>();
  const ready = async () => read.resolve();
  const second = assert.rejects(effects.run(comment(epoch), { perform: nobody, find: never, ready }), {
    code: 'StaleEpoch',
  });
  await read.promise;
  end.resolve();
  await Promise.all([ended, second]);
});

test('an effect of an older epoch, or of one that never was, is refused before anything is done', async (t) => {
  const { pool, epoch, effects } = await setUp(t);
  const next = await advanceEpoch(pool, 'another');
  assert.deepEqual([next, await currentEpoch(pool)], [epoch + 1, epoch + 1]);
  let performed = 0;
  const perform = async () => {
    performed += 1;
  };
  for (const stale of [epoch, next + 1]) {
    await assert.rejects(effects.run(comment(stale), { find: never, perform }), { code: 'StaleEpoch' });
  }
  assert.equal(performed, 0);
});

test('a leader that is replaced between its look at the row and its beginning performs nothing', async (t) => {
  const { pool, epoch, clock } = await setUp(t);
  const db = Object.create(pool) as typeof pool;
  db.query = (async (text: string, values: unknown[]) => {
    if (text.includes("SET state = 'started'")) await advanceEpoch(pool, 'another');
    return pool.query(text, values);
  }) as typeof pool.query;
  let performed = 0;
  const perform = async () => {
    performed += 1;
  };
  await assert.rejects(new Effects({ db, clock }).run(comment(epoch), { find: never, perform }), {
    code: 'StaleEpoch',
  });
  assert.equal(performed, 0);
});

test('a leader frozen in the middle is taken over, and when it wakes up it changes nothing', async (t) => {
  const { pool, url, epoch, clock } = await setUp(t);
  const frozenPool = createPool(url, { applicationName: 'rig-frozen', schema: 'rig' });
  t.after(() => frozenPool.end());
  const [begun, thaw] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  const perform = async () => {
    begun.resolve();
    return thaw.promise;
  };
  const frozen = new Effects({ db: frozenPool, clock: fakeClock() }).run(comment(epoch), { find: never, perform });
  const ended = assert.rejects(frozen, { code: 'StaleEpoch' });
  await begun.promise;
  const next = await advanceEpoch(pool, 'another');
  const outcome = await new Effects({ db: pool, clock }).run(comment(next), {
    find: async () => undefined,
    perform: async () => 'new',
  });
  thaw.resolve('old');
  await ended;
  assert.deepEqual([outcome, (await readEffect(pool, 'comment/1'))?.outcome], ['new', 'new']);
});

test('sixteen callers of one key in two processes: one performs, all get its outcome', async (t) => {
  const { pool, url, epoch } = await setUp(t);
  const other = createPool(url, { applicationName: 'rig-other', schema: 'rig' });
  t.after(() => other.end());
  let turnedAway = 0;
  const allTurnedAway = Promise.withResolvers<void>();
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => {
      turnedAway += 1;
      if (turnedAway === 15) allTurnedAway.resolve();
      return systemClock.sleep(ms, signal);
    },
  };
  const processes = [new Effects({ db: pool, clock }), new Effects({ db: other, clock })];
  let performed = 0;
  const perform = async () => {
    performed += 1;
    await allTurnedAway.promise;
    return performed;
  };
  const callers = Array.from({ length: 16 }, (_, i) => processes[i % 2]!.run(comment(epoch), { find: never, perform }));
  assert.deepEqual([await Promise.all(callers), performed], [Array(16).fill(1), 1]);
});

test('effects of different keys run beside each other, no more at once than asked for', async (t) => {
  const { pool, epoch } = await setUp(t);
  const effects = new Effects({ db: pool, concurrency: 3 });
  let [now, most] = [0, 0];
  const full = Promise.withResolvers<void>();
  const perform = async () => {
    now += 1;
    most = Math.max(most, now);
    if (now === 3) full.resolve();
    await full.promise;
    await pool.query('SELECT 1');
    now -= 1;
    return 1;
  };
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => effects.run(comment(epoch, `key/${i}`), { find: never, perform })),
  );
  assert.equal(most, 3);
});

test('a key used for another kind or subject is refused', async (t) => {
  const { epoch, effects } = await setUp(t);
  const steps = { find: never, perform: async () => 1 };
  await effects.run(comment(epoch), steps);
  await assert.rejects(effects.run({ ...comment(epoch), kind: 'merge' }, steps), { code: 'EffectReused' });
  await assert.rejects(effects.run({ ...comment(epoch), subject: 'issue-2' }, steps), { code: 'EffectReused' });
});

test('an effect waits for its turn before it begins, once, and not at all where its outcome is known', async (t) => {
  const { pool, epoch, effects } = await setUp(t);
  const order: string[] = [];
  const steps: EffectSteps<unknown, null> = {
    find: never,
    ready: async () => void order.push(`ready ${(await readEffect(pool, 'comment/1'))!.state}`),
    perform: async () => {
      order.push('performed');
      return null;
    },
  };
  await effects.run(comment(epoch), steps);
  await effects.run(comment(epoch), steps);
  assert.deepEqual(order, ['ready planned', 'performed']);
});

test('a leader that was followed by another while it waited for its turn performs nothing', async (t) => {
  const { pool, epoch, effects } = await setUp(t);
  const steps = { find: never, ready: async () => void (await advanceEpoch(pool, 'b')), perform: nobody };
  await assert.rejects(effects.run(comment(epoch), steps), { code: 'StaleEpoch' });
  assert.equal((await readEffect(pool, 'comment/1'))!.state, 'planned');
});

test('a process that stood still between the beginning of an attempt and its call makes no call', async (t) => {
  const { pool, epoch, clock } = await setUp(t);
  // Frozen right behind the commit: when it goes on, a minute has passed, and another may have looked, found nothing and done it.
  const frozen = new Proxy(pool, {
    get: (of, key) => {
      const value = of[key as keyof typeof of];
      if (key !== 'query') return typeof value === 'function' ? value.bind(of) : value;
      return async (text: string, values: unknown[]) => {
        const answer = await of.query(text, values);
        if (/SET state = 'started'/.test(text)) clock.time += 61_000;
        return answer;
      };
    },
  });
  const late = new Effects({ db: frozen, clock });
  await assert.rejects(late.run(comment(epoch), { find: never, perform: nobody }), {
    code: 'EffectNotPerformed',
  });
  assert.equal(await new Effects({ db: pool, clock }).run(comment(epoch), { find: never, perform: async () => 7 }), 7);
});
