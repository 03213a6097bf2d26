import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pool, Queryable } from '#lib/db';
import { advanceEpoch, type Database, Effects, isEventsError, migrations } from '#lib/events';
import { type Forge, ForgeError } from '#lib/forge';
import { type TestDatabase, testDatabase } from '../../test/kit/postgres.ts';
import { ForgeWrites } from './writes.ts';

const repo = { owner: 'acme', name: 'widgets' };
/** For how long the forge does not list what it has made, in ms: less than the window of an effect. */
const BLIND_MS = 45_000;
let database: TestDatabase;
let epoch = 0;

before(async () => {
  database = await testDatabase(undefined, { migrations: [migrations] });
  epoch = await advanceEpoch(database.pool, 'test');
});
after(() => database?.drop());

class Crash extends Error {}

/** A process that dies at its nth step: before it, or after the step is done and before anything learns of it. */
class Process {
  readonly #at: number;
  readonly #when: 'before' | 'after';
  steps = 0;
  dead = false;

  constructor(at: number, when: 'before' | 'after') {
    this.#at = at;
    this.#when = when;
  }

  async step<T>(work: () => Promise<T>): Promise<T> {
    const dies = ++this.steps === this.#at;
    if (this.dead || (dies && this.#when === 'before')) throw this.#die();
    const value = await work();
    if (dies) throw this.#die();
    return value;
  }

  database(pool: Pool): Database & Pool {
    const querying = (of: Queryable): Queryable['query'] =>
      ((text: string, values: unknown[]) => this.step(() => of.query(text, values))) as Queryable['query'];
    return {
      query: querying(pool),
      transaction: (fn: Parameters<Pool['transaction']>[0]) => this.step(() => pool.transaction(fn)),
      connect: async () => {
        const client = await pool.connect();
        return {
          query: querying(client),
          release: (destroy?: boolean) => client.release(this.dead || destroy === true),
        };
      },
    } as unknown as Database & Pool;
  }

  #die(): Crash {
    this.dead = true;
    return new Crash('crash');
  }
}

/** Issues as a forge keeps them, whose listing lags behind. */
class LaggingForge {
  readonly made: { body: string; at: number }[] = [];
  readonly clock = {
    time: Date.UTC(2026, 0, 1),
    now: () => this.clock.time,
    sleep: async (ms: number) => {
      this.clock.time += ms;
    },
  };
  /** The first answer is lost on its way. */
  loses: boolean;

  constructor(loses: boolean) {
    this.loses = loses;
  }

  as(process: Process): Forge {
    const issue = (number: number) => ({ number, url: `https://forge.test/${number}` });
    return {
      origin: 'https://forge.test',
      createIssue: (_repo: unknown, { body }: { body: string }) =>
        process.step(async () => {
          this.made.push({ body, at: this.clock.now() });
          if (this.loses) {
            this.loses = false;
            throw new ForgeError('Timeout', 'No answer came.', { outcome: 'unknown' });
          }
          return issue(this.made.length);
        }),
      findIssueByMarker: (_repo: unknown, mark: string) =>
        process.step(async () => {
          const found = this.made.findIndex((one) => one.body.includes(mark) && one.at + BLIND_MS <= this.clock.now());
          return found < 0 ? null : issue(found + 1);
        }),
    } as unknown as Forge;
  }
}

interface Life {
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly loses: boolean;
  /** Whether the person edits the Issue while the process is down. */
  readonly edited: boolean;
}

/** Files one Issue: a process that dies, then others until one has committed the number. Answers how many steps the first one took. */
async function live({ at, when, loses, edited }: Life): Promise<{ steps: number; forge: LaggingForge }> {
  const forge = new LaggingForge(loses);
  const uid = crypto.randomUUID();
  const subject = crypto.randomUUID();
  const committed: number[] = [];
  const run = async (process: Process, revision: number): Promise<void> => {
    const db = process.database(database.pool);
    const writes = new ForgeWrites(new Effects({ db, clock: forge.clock }), db);
    const text = { title: 'T', body: `Text ${revision}.`, labels: [] };
    const filed = await writes.fileIssue(
      { forge: forge.as(process), repo, subject, epoch },
      { uid, revision, ...text },
    );
    await process.step(async () => committed.push(filed.number));
  };
  const first = new Process(at, when);
  const patient = (error: unknown) => {
    if (!(error instanceof Crash) && !isEventsError(error, 'EffectUnknown', 'EffectNotPerformed')) throw error;
  };
  await run(first, 1).catch(patient);
  for (let tries = 0; committed.length === 0 && tries < 5; tries++)
    await run(new Process(Infinity, 'before'), edited ? 2 : 1).catch(patient);
  assert.deepEqual([committed, forge.made.length], [[1], 1], `it died ${when} step ${at}`);
  return { steps: first.steps, forge };
}

for (const loses of [false, true])
  for (const edited of [false, true])
    test(`an unnumbered Issue is filed once wherever its process dies, while listings lag${loses ? ', and the answer is lost' : ''}${edited ? ', and its text is edited meanwhile' : ''}`, async () => {
      let died = 0;
      for (const when of ['before', 'after'] as const)
        for (let at = 1; ; at++) {
          const { steps } = await live({ at, when, loses, edited });
          if (steps < at) break;
          died += 1;
        }
      assert.ok(died >= 16, `only ${died} points were tried`);
    });
