import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#lib/observe';
import { BareCopies, Upkeep } from './index.ts';

class NoCopies extends BareCopies {
  rounds = 0;

  override async sweep(): Promise<number> {
    this.rounds += 1;
    if (this.rounds === 1) throw new Error('The disk is away.');
    return 0;
  }
}

test('copies are looked after a minute after the start and every hour from then on, also after a round that failed, and no more once it is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const copies = new NoCopies('/nonexistent');
  const upkeep = new Upkeep({ copies, needed: () => null, now: () => 0, logger: silentLogger });
  const over = new AbortController();
  const rounds: number[] = [];
  upkeep.start(over.signal);
  for (const ms of [59_999, 1, 3_599_999, 1, 3_600_000]) {
    t.mock.timers.tick(ms);
    await upkeep.idle();
    rounds.push(copies.rounds);
  }
  over.abort();
  t.mock.timers.tick(36_000_000);
  await upkeep.idle();
  assert.deepEqual([...rounds, copies.rounds], [0, 1, 1, 2, 3, 3]);
});
