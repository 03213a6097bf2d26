import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Pool } from '#lib/db';
import { testDatabase } from '../../test/kit/postgres.ts';
import {
  advanceEpoch,
  type Clock,
  type Database,
  type EffectSteps,
  Effects,
  EventsError,
  migrations,
  type Queryable,
} from './index.ts';

const WINDOW_MS = 60_000;

/** What happens to one call of the other side: done or not, now or a little later, answered or not. */
type Weather = { effect: 'done' | 'lost' | 'late'; answer: 'ok' | 'lost'; delayMs: number };
/** Where a process dies: at its nth step towards the database or the forge, before it or after. */
type Death = { step: number; when: 'before' | 'after' } | undefined;

class Crash extends Error {}

class Process {
  readonly #death: Death;
  #steps = 0;
  dead = false;

  constructor(death: Death) {
    this.#death = death;
  }

  /** Runs one step of the process, unless it is dead or dies at it. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    this.#steps += 1;
    const dies = this.#death?.step === this.#steps;
    if (this.dead || (dies && this.#death?.when === 'before')) throw this.#die();
    const value = await work();
    if (dies) throw this.#die();
    return value;
  }

  /** The database as this process sees it; its sessions end with it. */
  database(pool: Pool): Database {
    const query = ((text: string, values: unknown[]) =>
      this.step(() => pool.query(text, values))) as Queryable['query'];
    return {
      query,
      transaction: (fn) => this.step(() => pool.transaction(fn)),
      connect: async () => {
        const client = await pool.connect();
        await this.step(async () => undefined).catch((error) => {
          client.release(true);
          throw error;
        });
        const session = ((text: string, values: unknown[]) =>
          this.step(() => client.query(text, values))) as Queryable['query'];
        return { query: session, release: (destroy?: boolean) => client.release(this.dead || destroy === true) };
      },
    };
  }

  #die(): Crash {
    this.dead = true;
    return new Crash('crash');
  }
}

/** A forge that makes a thing for every call it gets, unless it has one and refuses a second by itself (`unique`). */
class Forge {
  readonly #made: { id: number; visibleAt: number }[] = [];
  readonly #clock: Clock;
  readonly #weather: Weather[];
  readonly #unique: boolean;

  constructor(clock: Clock, weather: readonly Weather[], unique: boolean) {
    this.#clock = clock;
    this.#weather = [...weather];
    this.#unique = unique;
  }

  get count(): number {
    return this.#made.length;
  }

  async create(): Promise<number> {
    const { effect, answer, delayMs } = this.#weather.shift() ?? { effect: 'done', answer: 'ok', delayMs: 0 };
    if (effect === 'lost') throw new Error('timeout');
    if (this.#unique && this.count > 0) throw Object.assign(new Error('exists already'), { status: 422 });
    this.#made.push({ id: this.count + 1, visibleAt: this.#clock.now() + (effect === 'late' ? delayMs : 0) });
    if (effect === 'late' || answer === 'lost') throw new Error('timeout');
    return this.count;
  }

  async find(): Promise<number | undefined> {
    return this.#made.find(({ visibleAt }) => visibleAt <= this.#clock.now())?.id;
  }
}

const weather: fc.Arbitrary<Weather> = fc.record({
  effect: fc.constantFrom('done', 'lost', 'late'),
  answer: fc.constantFrom('ok', 'lost'),
  delayMs: fc.integer({ min: 0, max: WINDOW_MS - 1 }),
});
const death: fc.Arbitrary<Death> = fc.record({
  step: fc.integer({ min: 1, max: 14 }),
  when: fc.constantFrom('before', 'after'),
});
const life = fc.record({
  death: fc.option(death, { nil: undefined }),
  newLeader: fc.boolean(),
  downMs: fc.nat(90_000),
});

test('whatever dies and however the forge answers, a key is done exactly once and ends with its outcome', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  let key = 0;
  let crashes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(weather, { maxLength: 4 }),
      fc.array(life, { maxLength: 4 }),
      fc.boolean(),
      async (sky, lives, unique) => {
        const clock = {
          time: Date.UTC(2026, 0, 1),
          now: () => clock.time,
          sleep: async (ms: number) => {
            clock.time += ms;
          },
        };
        const forge = new Forge(clock, sky, unique);
        let epoch = await advanceEpoch(pool, 'test');
        key += 1;
        // The last lives are immortal: with them the work must come to its end.
        for (const { death: end, newLeader, downMs } of [...lives, ...Array(6).fill({ newLeader: false, downMs: 0 })]) {
          if (newLeader) epoch = await advanceEpoch(pool, 'another');
          const process = new Process(end);
          const steps: EffectSteps<string, number> = {
            perform: () => process.step(() => forge.create()),
            find: () => process.step(() => forge.find()),
          };
          const effect = { key: `key/${key}`, kind: 'comment', subject: 'issue', epoch, request: 'x' };
          const outcome = await new Effects({ db: process.database(pool), clock })
            .run(effect, steps)
            .catch((error: unknown) => {
              if (
                error instanceof Crash ||
                process.dead ||
                (error instanceof EventsError && error.code === 'EffectUnknown')
              )
                return undefined;
              throw error;
            });
          if (process.dead) crashes += 1;
          if (outcome !== undefined) {
            assert.deepEqual([outcome, forge.count], [1, 1]);
            return;
          }
          clock.time += downMs;
        }
        assert.fail('it never came to an end');
      },
    ),
    { numRuns: 120 },
  );
  assert.ok(crashes > 20, `only ${crashes} crashes were tried`);
});
