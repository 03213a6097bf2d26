import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CelError, compileCel, type Data, type Vocabulary } from './index.ts';

const vocabulary = {
  issue: { labels: 'list', title: 'value' },
  diff: { count: 'value', added: 'value' },
  file: { path: 'value', test: 'value', binary: 'value' },
} as const satisfies Vocabulary;

const leaf = fc.constantFrom(
  ...`issue.title|file.path|file.test|file.binary|diff.count|diff.added|issue.labels|'a'|'b.ts'|''|1|-3|0|true|false|true|false|true|false|file.test|file.test|['a', 'b']|[]|1.5`.split(
    '|',
  ),
);
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc
      .tuple(tie('expression'), fc.constantFrom(...'&& || == != < <= > >= + in'.split(' ')), tie('expression'))
      .map(([one, operator, other]) => `(${one} ${operator} ${other})`),
    tie('expression').map((one) => `(!${one})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('expression'))
      .map(([one, name, other]) => `(${one}).${name}(${other})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('a+', '(?i)B', '^$', '[.]ts$'))
      .map(([one, pattern]) => `(${one}).matches('${pattern}')`),
    tie('expression').map((one) => `(${one}).size()`),
    tie('expression').map((one) => `issue.labels.exists(l, l == 'a' || ${one})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([asked, yes, no]) => `(${asked} ? ${yes} : ${no})`),
  ),
}));
const anything = fc.oneof(
  fc.constantFrom<Data>('a', 'b.ts', 'B', '', true, false, 0, 1, -3, 1.5, 2 ** 60, null),
  fc.constantFrom<Data>(['a'], [], [1, 'a', true]),
);
const values = fc.record({
  issue: fc.record({ labels: anything, title: anything }),
  diff: fc.record({ count: anything, added: anything }),
  file: fc.record({ path: anything, test: anything, binary: anything }),
});

/** Whether it holds, or that it fails. */
function outcome(source: string, given: Readonly<Record<string, Data>>): boolean | 'fails' {
  try {
    return compileCel(source, vocabulary).test(given);
  } catch (error) {
    assert.ok(error instanceof CelError, String(error));
    return 'fails';
  }
}

test('CEL: the short way to evaluate says what the whole evaluator says, over random expressions and values of any type', () => {
  const seen = { true: 0, false: 0, fails: 0 };
  fc.assert(
    fc.property(expression, values, (source, given) => {
      // An expression that is a loop has no short way: its body is asked of the whole evaluator.
      const wanted = outcome(`[true].exists_one(x, ${source})`, given);
      const told = outcome(source, given);
      seen[`${told}`] += 1;
      assert.equal(told, wanted, source);
    }),
    { numRuns: 5_000 },
  );
  assert.ok(seen.true > 100 && seen.false > 100 && seen.fails > 100, JSON.stringify(seen));
});

test('CEL: an error on one side of a condition passes over where the other side decides', () => {
  const given = {
    issue: { labels: ['a'], title: 'x' },
    diff: { count: 1, added: 1 },
    file: { path: 'a', test: true, binary: false },
  };
  for (const [source, wanted] of [
    ['issue.title > 1 && false', false],
    ['issue.title > 1 || true', true],
    ['false && issue.title > 1', false],
    ['issue.title > 1 && true', 'fails'],
    [`file.test ? file.path == 'a' : issue.title > 1`, true],
  ] as const)
    assert.equal(outcome(source, given), wanted, source);
});

test('CEL: a loop is asked only where the answer hangs on it', () => {
  const labels = new Proxy([] as string[], {
    get: (list, key) =>
      key === 'length' || typeof key === 'symbol' ? assert.fail('it was asked') : Reflect.get(list, key),
  });
  const given = { issue: { labels, title: 'x' }, diff: { count: 1, added: 1 }, file: {} };
  assert.equal(outcome(`diff.count == 0 && issue.labels.exists(l, l == 'a')`, given), false);
  assert.throws(() => outcome(`diff.count == 1 && issue.labels.exists(l, l == 'a')`, given), /it was asked/);
});
