import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from './fake-clock.ts';
import { WorkQueue } from './queue.ts';

/** What the queue promises, said as slowly and plainly as possible: a list of who is due when. */
class NaiveQueue {
  now = 0;
  order = 0;
  due: { key: string; at: number; order: number }[] = [];
  processing: string[] = [];
  again: string[] = [];
  failures: Record<string, number> = {};

  add(key: string): void {
    this.addAt(key, this.now);
  }

  addAt(key: string, at: number): void {
    if (this.again.includes(key)) return;
    const known = this.due.find((entry) => entry.key === key);
    if (known !== undefined && known.at <= at) return;
    this.due = this.due.filter((entry) => entry !== known);
    if (this.processing.includes(key) && at <= this.now) this.again.push(key);
    else this.due.push({ key, at, order: this.order++ });
  }

  fail(key: string): void {
    const count = this.failures[key] ?? 0;
    this.failures[key] = count + 1;
    this.addAt(key, this.now + Math.min(100 * 2 ** count, 1000));
  }

  forget(key: string): void {
    this.failures[key] = 0;
  }

  advance(ms: number): void {
    this.now += ms;
    for (const { key, at } of this.due.filter((entry) => entry.at <= this.now && this.processing.includes(entry.key))) {
      this.due = this.due.filter((entry) => !(entry.key === key && entry.at === at));
      this.again.push(key);
    }
  }

  ready(): string[] {
    const ready = this.due.filter((entry) => entry.at <= this.now);
    return ready.sort((a, b) => a.at - b.at || a.order - b.order).map((entry) => entry.key);
  }

  get(): string | undefined {
    const [key] = this.ready();
    if (key === undefined) return undefined;
    this.due = this.due.filter((entry) => entry.key !== key);
    this.processing.push(key);
    return key;
  }

  done(key: string): void {
    this.processing = this.processing.filter((other) => other !== key);
    if (!this.again.includes(key)) return;
    this.again = this.again.filter((other) => other !== key);
    this.due.push({ key, at: this.now, order: this.order++ });
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  fc.record({ op: fc.constant('add' as const), key }),
  fc.record({ op: fc.constant('addAfter' as const), key, ms: fc.constantFrom(0, 1, 7, 50, 300) }),
  fc.record({ op: fc.constant('fail' as const), key }),
  fc.record({ op: fc.constant('forget' as const), key }),
  fc.record({ op: fc.constant('get' as const) }),
  fc.record({ op: fc.constant('done' as const), key }),
  fc.record({ op: fc.constant('advance' as const), ms: fc.constantFrom(1, 5, 60, 400) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function play(queue: WorkQueue, model: NaiveQueue, clock: FakeClock, at: Step): Promise<void> {
  if (at.op === 'add') [queue.add(at.key), model.add(at.key)];
  else if (at.op === 'addAfter') [queue.addAfter(at.key, at.ms), model.addAt(at.key, model.now + at.ms)];
  else if (at.op === 'fail') [queue.addRateLimited(at.key), model.fail(at.key)];
  else if (at.op === 'forget') [queue.forget(at.key), model.forget(at.key)];
  else if (at.op === 'advance') [clock.turn(at.ms), model.advance(at.ms)];
  else if (at.op === 'get') {
    if (queue.length > 0) assert.equal(await queue.get(), model.get());
    else assert.equal(model.get(), undefined);
  } else if (model.processing.includes(at.key)) [queue.done(at.key), model.done(at.key)];
}

test('any sequence of operations gives what a naive list of due times gives', async (t) => {
  const seed = Number(process.env.RIG_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}: repeat with RIG_TEST_SEED=${seed}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const clock = new FakeClock();
      const queue = new WorkQueue({ clock, backoff: { baseMs: 100, maxMs: 1000, jitter: 0 } });
      const model = new NaiveQueue();
      for (const at of steps) {
        await play(queue, model, clock, at);
        assert.equal(queue.length, model.ready().length);
        assert.equal(queue.processing, model.processing.length);
        for (const name of ['a', 'b', 'c', 'd']) assert.equal(queue.failures(name), model.failures[name] ?? 0);
      }
    }),
    { numRuns: 2000, seed },
  );
});

test('with any interleaving of workers every key that was added is worked on after its last add', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(key, { minLength: 1, maxLength: 30 }), async (scheduler, adds) => {
      const queue = new WorkQueue({ clock: new FakeClock() });
      const state: Record<string, number> = {};
      const seen: Record<string, number> = {};
      const busy = new Set<string>();
      const work = async () => {
        for (let name = await queue.get(); name !== undefined; name = await queue.get()) {
          assert.ok(!busy.has(name), `${name} by two workers`);
          busy.add(name);
          seen[name] = state[name] ?? 0;
          await scheduler.schedule(Promise.resolve(), `work ${name}`);
          busy.delete(name);
          queue.done(name);
        }
      };
      const workers = [work(), work(), work()];
      const producers = adds.map((name) =>
        scheduler.schedule(Promise.resolve(), `add ${name}`).then(() => {
          state[name] = (state[name] ?? 0) + 1;
          queue.add(name);
        }),
      );
      await scheduler.waitFor(Promise.all(producers));
      await scheduler.waitIdle();
      await queue.drain();
      await Promise.all(workers);
      assert.deepEqual(seen, state);
    }),
    { numRuns: 200 },
  );
});
