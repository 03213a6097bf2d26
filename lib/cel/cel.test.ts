import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processorTime } from '../../test/kit/processor.ts';
import { CelError, compileCel, type Vocabulary } from './index.ts';

const vocabulary = {
  issue: { labels: 'list', title: 'value' },
  diff: { count: 'value', files: ['path', 'added'] },
  file: { path: 'value', addedText: 'text' },
} as const satisfies Vocabulary;

const values = {
  issue: { labels: ['bug', 'Prio 1'], title: 'Fix the thing' },
  diff: {
    count: 2,
    files: [
      { path: 'a.md', added: 4 },
      { path: 'src/b.ts', added: 1 },
    ],
  },
  file: { path: 'src/b.ts', addedText: 'DROP TABLE x' },
};

for (const [source, wanted] of [
  [`'bug' in issue.labels`, true],
  [`issue.labels.exists(label, label in ['a', 'b'])`, false],
  [`diff.files.all(f, f.path.endsWith('.md'))`, false],
  [`diff.files.filter(f, f.added > 3).exists(f, f.path == 'a.md')`, true],
  [`diff.files.map(f, f.path).exists_one(p, p.startsWith('src/'))`, true],
  [`issue.title.matches('(?i)^FIX\\\\b')`, true],
  [`diff.count + 1 > 2 && size(diff.files) == diff.count`, true],
  [`file.addedText.contains('DROP') ? true : false`, true],
  [`diff.files.exists(f, diff.files.exists(g, f.path != g.path))`, true],
  [`false && issue.title > 1`, false],
] as const)
  test(`CEL: ${source} is ${wanted}`, () => {
    assert.equal(compileCel(source, vocabulary).test(values), wanted);
  });

for (const [source, code] of [
  ['1 +', 'Syntax'],
  ['issue', 'UnknownName'],
  ['issue.body', 'UnknownName'],
  ['issue.constructor', 'UnknownName'],
  ['__proto__.x', 'UnknownName'],
  ['issue.title.length', 'UnknownName'],
  ['diff.files.exists(f, f.secret)', 'UnknownName'],
  ['diff.files.map(f, f.path).exists(p, p.added > 1)', 'UnknownName'],
  [`timestamp('2020-01-01T00:00:00Z') == 1`, 'UnknownFunction'],
  ['env(issue.title)', 'UnknownFunction'],
  [`{'a': 1} == {}`, 'UnknownFunction'],
  ['issue.title.matches(issue.title)', 'BadPattern'],
  [`issue.title.matches('(')`, 'BadPattern'],
  [`issue.title.matches('(?=a)')`, 'BadPattern'],
  ['issue.title.exists(x, true)', 'BadRange'],
  ['diff.files.all(a, diff.files.all(b, diff.files.all(c, true)))', 'TooDeep'],
  ['('.repeat(400), 'TooDeep'],
  [`${'!'.repeat(400)}true`, 'TooDeep'],
  [`${'true ? '.repeat(100)}true${' : false'.repeat(100)}`, 'TooDeep'],
  [`issue.title == '${'x'.repeat(3000)}'`, 'TooLong'],
] as const)
  test(`CEL: ${source.slice(0, 60)} is refused with ${code}`, () => {
    assert.throws(
      () => compileCel(source, vocabulary),
      (error: unknown) => error instanceof CelError && error.code === code && /[.]$/.test(error.message),
    );
  });

for (const source of [`issue.title > 1`, 'diff.count', `issue.title.contains(diff.count)`])
  test(`CEL: ${source} fails when it is asked, and says so`, () => {
    assert.throws(() => compileCel(source, vocabulary).test(values), { name: 'CelError', code: 'Failed' });
  });

test('CEL: only an expression that reads text says that it does', () => {
  assert.deepEqual(compileCel(`file.addedText != ''`, vocabulary).texts, ['addedText']);
  assert.deepEqual(compileCel(`file.path != ''`, vocabulary).texts, []);
});

test('CEL: the bound of steps grows with the longest list, and with its square where loops nest', () => {
  const once = compileCel('diff.files.all(f, f.added > 0)', vocabulary);
  const twice = compileCel('diff.files.all(f, diff.files.all(g, f.path != g.path))', vocabulary);
  const none = compileCel('diff.count > 1', vocabulary);
  assert.equal(none.steps(10), none.steps(10_000));
  assert.ok(once.steps(1_000) > 1_000 && once.steps(1_000) < 100_000);
  assert.ok(twice.steps(1_000) > 1_000_000);
});

test('CEL: brackets are counted behind raw strings, strings of three quotes and comments that hold a quote', () => {
  const deep = `${'('.repeat(25)}true${')'.repeat(25)} && 'x' != ''`;
  for (const before of [`size(r'\\') > 0 && `, `'''it's''' != '' && `, `"""a"b""" != '' && `, `true // '\n && `])
    assert.throws(
      () => compileCel(before + deep, vocabulary),
      (error: unknown) => error instanceof CelError && error.code === 'TooDeep',
      before,
    );
  assert.equal(compileCel(`issue.title != r'${'('.repeat(30)}'`, vocabulary).test(values), true);
});

test('CEL: a pattern that makes other engines run for ages is answered at once', () => {
  const program = compileCel(`issue.title.matches('^(a+)+$')`, vocabulary);
  const spent = processorTime();
  assert.equal(program.test({ issue: { ...values.issue, title: `${'a'.repeat(50_000)}!` } }), false);
  assert.ok(spent() < 2_000);
});

test('CEL: whatever the text, it compiles or is refused with a sentence, and soon', () => {
  const word = fc.constantFrom(
    ...`issue.labels|diff.files|file.addedText|f|f.path|.exists(f,|.all(f,|.map(f,|.filter(f,|.matches('a+')|)|(|[|]|{|}|&&|\\|\\||!|-|?|:|==|>|+|1|'x'|"|\\|,|in|has(|size(|true`.split(
      '|',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const spent = processorTime();
      try {
        compileCel(words.join(' '), vocabulary).steps(1_000);
      } catch (error) {
        assert.ok(error instanceof CelError, String(error));
      }
      assert.ok(spent() < 1_000);
    }),
    { numRuns: 2_000 },
  );
});
