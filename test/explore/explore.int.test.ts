import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { realRules } from './rules.ts';
import { type Limits, Search } from './search.ts';
import { SEEDS } from './seeds.ts';
import { storyOf } from './story.ts';

const now = () => performance.now();
const limits = (over: Partial<Limits>): Limits => ({
  issues: 2,
  depth: 200,
  states: 400_000,
  setbacks: 0,
  faults: 0,
  people: 0,
  ...over,
});

test('explored whole: two issues side by side both come to Done in every order, and each invariant holds', () => {
  const found = new Search(realRules, limits({})).run(now);
  assert.equal(found.counterexample, null);
  assert.deepEqual([found.stopped, found.frontier, found.settled], [null, 0, found.states]);
  assert.ok(found.doneAt !== null && found.states > 10_000, `${found.states} states, Done at ${found.doneAt}`);
});

test('explored near the start: with a setback, a fault and an act of a person on one path the invariants hold', () => {
  const found = new Search(realRules, limits({ depth: 12, setbacks: 1, faults: 1, people: 1 })).run(now);
  assert.equal(found.counterexample, null);
  assert.deepEqual([found.stopped, found.depth], ['depth', 12]);
  assert.ok(found.frontier > 0);
});

for (const { name, rules, limits: tried, breaks } of SEEDS) {
  test(`sown and found by the exploration: ${name}`, () => {
    const search = new Search(rules, limits(tried));
    const { counterexample } = search.run(now);
    assert.ok(counterexample !== null, 'nothing was found');
    const story = storyOf(search.space, counterexample);
    assert.equal(counterexample.invariant, breaks, story);
    assert.match(story, new RegExp(`^${breaks} does not hold: .+\\n[\\s\\S]*\\n   1\\. issue A`));
  });
}

function explore(...words: string[]) {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...words], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

test('a depth that is no number is refused by explore in one sentence with exit code 2', () => {
  assert.deepEqual(explore('--depth', 'x'), {
    code: 2,
    out: '',
    err: '--depth is "x": name a whole number from 1 to 10000.\n',
  });
});

test('an exploration that a limit stops says so, and ends with 3, never with all clear', () => {
  const { code, out } = explore('--depth', '5', '--setbacks', '1');
  assert.equal(code, 3);
  assert.match(out, /Stopped at depth 5: nothing broke so far, and there is more that was not looked at\.\n\n$/);
});
