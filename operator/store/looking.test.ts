import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#lib/observe';
import { Looking } from './looking.ts';

const EVERY_MS = 1_000;

/** A Looking whose looks end when they are told to, on a clock that stands still. */
function world(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const looks: PromiseWithResolvers<boolean>[] = [];
  const look = () => {
    const one = Promise.withResolvers<boolean>();
    looks.push(one);
    return one.promise;
  };
  const over = new AbortController();
  t.after(() => over.abort());
  const looking = new Looking({ everyMs: EVERY_MS, look, failed: 'it could not be looked for', logger: silentLogger });
  /** Lets what hangs on a look run. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { looking, looks, over, settle, tick: () => t.mock.timers.tick(EVERY_MS) };
}

test('a kick before the start looks for nothing; one behind it looks at once', (t) => {
  const { looking, looks, over } = world(t);
  looking.kick();
  assert.equal(looks.length, 0);
  looking.start(over.signal);
  assert.equal(looks.length, 0);
  looking.kick();
  assert.equal(looks.length, 1);
});

test('however often it is kicked during a look, one more look follows', async (t) => {
  const { looking, looks, over, settle } = world(t);
  looking.start(over.signal);
  for (let times = 0; times < 4; times += 1) looking.kick();
  assert.equal(looks.length, 1);
  looks[0]!.resolve(false);
  await settle();
  assert.equal(looks.length, 2);
  looks[1]!.resolve(false);
  await looking.idle();
  assert.equal(looks.length, 2);
});

test('where there is more it looks again by itself', async (t) => {
  const { looking, looks, over, settle } = world(t);
  looking.start(over.signal);
  looking.kick();
  looks[0]!.resolve(true);
  await settle();
  assert.equal(looks.length, 2);
});

test('a look that rejects ends the run, and the next comes in its time', async (t) => {
  const { looking, looks, over, tick } = world(t);
  looking.start(over.signal);
  looking.kick();
  looks[0]!.reject(new Error('the database is away'));
  await looking.idle();
  assert.equal(looks.length, 1);
  tick();
  assert.equal(looks.length, 2);
});

test('when its term is over it looks no more, whoever kicks, and whatever was left', async (t) => {
  const { looking, looks, over, tick } = world(t);
  looking.start(over.signal);
  looking.kick();
  looking.kick();
  over.abort();
  assert.equal(looking.active, false);
  looks[0]!.resolve(true);
  await looking.idle();
  looking.kick();
  tick();
  assert.equal(looks.length, 1);
});

test('a term that is over before it began looks for nothing', (t) => {
  const { looking, looks, tick } = world(t);
  looking.start(AbortSignal.abort());
  looking.kick();
  tick();
  assert.equal(looks.length, 0);
});
