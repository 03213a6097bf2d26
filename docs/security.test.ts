import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const page = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');

interface Attack {
  readonly attack: string;
  /** What the last cell says, one test each; file and title are null where it names none. */
  readonly shown: readonly { readonly said: string; readonly file: string | null; readonly title: string | null }[];
}

/** Every row of a page’s tables of attacks, those under a heading of what somebody tries, whatever its cells say. */
function attacksOf(text: string): Attack[] {
  return text
    .split(/^## /m)
    .filter((section) => /^What .*\b(is tried|tries)\b/.test(section))
    .flatMap((section) => section.split('\n').filter((line) => line.trimStart().startsWith('|')))
    .filter((line) => !/^\s*\|[\s|:-]*$|^\s*\| what is tried /.test(line))
    .map((line) => line.trim().replace(/^\|\s*|\s*\|$/g, ''))
    .map((line) => {
      const [attack = '', , ...tests] = line.split(/\s*\|\s*/);
      return { attack, shown: tests.join(' | ').split('<br>').map(shownBy) };
    });
}

function shownBy(said: string): Attack['shown'][number] {
  const [, file = null, title = null] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(said.trim()) ?? [];
  return { said, file, title };
}

const TITLE = /(['"`])((?:\\.|(?!\1).)*)\1/s;
/** Of what is called, not of what is skipped or to be written; a call in a comment does not begin its line. */
const CALL = new RegExp(`^[ \\t]*(?:await )?(?:t\\.)?(?:test|it)\\(\\s*${TITLE.source}(\\s*,\\s*\\{[^}]*\\})?`, 'gms');
const SKIPPED = /\b(?:skip|todo):\s*(?:true|['"`])/;

function titlesOf(source: string): string[] {
  const bare = source.replace(/^[ \t]*\/\*.*?\*\//gms, '');
  return [...bare.matchAll(CALL)]
    .filter(([, , , options = '']) => !SKIPPED.test(options))
    .map(([, , title = '']) => title.replaceAll(/\\(['"`])/g, '$1'));
}

type Read = (file: string) => string | null;

/** A test file and the tables of cases that it imports from a folder `cases`. */
function withCases(file: string, read: Read): string[] {
  const seen = new Map<string, string>();
  const add = (name: string) => {
    const source = seen.has(name) ? null : read(name);
    if (source === null) return;
    seen.set(name, source);
    for (const [, to = ''] of source.matchAll(/ from '(\.\/[^']+)'/g))
      if (/\/cases\/[^/]+$/.test(join(dirname(name), to))) add(join(dirname(name), to));
  };
  add(file);
  return [...seen.values()];
}

/** Whether a test file runs a test of the title: "…" stands for what differs between cases; a case of a table may stand behind a colon. */
function hasTest([source = '', ...cases]: readonly string[], title: string): boolean {
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const said = new RegExp(`^${title.split('…').map(escaped).join('.*')}$`, 's');
  if (titlesOf(source).some((one) => said.test(one))) return true;
  const parts = [...title.matchAll(/: /g)].map(({ index }) => index + 2);
  const literal = (text: string) => new RegExp(`^(?![ \\t]*(?://|\\*)).*(['"\`])${escaped(text)}\\1`, 'm');
  const isCase = (text: string) => [source, ...cases].some((one) => literal(text).test(one));
  return parts.some((at) => isCase(title.slice(at)) && hasTest([source, ...cases], `${title.slice(0, at)}…`));
}

/** What is wrong with a row, in words; null where the tests that it names are there. */
function fault({ attack, shown }: Attack, read: Read): string | null {
  for (const { said, file, title } of shown) {
    if (file === null || title === null) return `"${attack}" names no test: "${said}"`;
    if (read(file) === null) return `"${attack}": there is no ${file}`;
    if (!hasTest(withCases(file, read), title)) return `"${attack}": ${file} has no test "${title}"`;
  }
  return null;
}

const attacks = attacksOf(page);
const readHere = (file: string) => (existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : null);

test('every attack that the page on security names has the test that it says', () => {
  assert.ok(attacks.length > 40, `${attacks.length} attacks are told`);
  assert.deepEqual(
    attacks.map((one) => fault(one, readHere)).filter((one) => one !== null),
    [],
  );
});

test('no attack of the page on security is told twice', () => {
  assert.equal(new Set(attacks.map(({ attack }) => attack)).size, attacks.length);
});

const CASES = `test(\`refused: \${one}\`, f);`;

for (const [what, cells, source] of [
  ['names no test', 'is refused | ', ''],
  ['has no cell for one', 'is refused', ''],
  ['has words where a test belongs', 'is refused | the code says so', ''],
  [
    'names one test, and words beside it',
    'no | `a.test.ts`: it is refused<br>and the code',
    "test('it is refused', f);",
  ],
  ['names what is no test file', 'is refused | `a.ts`: it is refused', "test('it is refused', f);"],
  ['names a file that is not there', 'is refused | `b.test.ts`: it is refused', "test('it is refused', f);"],
  ['names the beginning of a title', 'is refused | `a.test.ts`: it is', "test('it is refused', f);"],
  ['names a test that is a comment', 'is refused | `a.test.ts`: it is refused', "// test('it is refused', f);"],
  ['names what a comment says', 'is refused | `a.test.ts`: it is refused', '/* test(\ntest("it is refused", f)\n */'],
  ['names a test that is skipped', 'is refused | `a.test.ts`: it is refused', "test.skip('it is refused', f);"],
  ['names one that its options skip', 'no | `a.test.ts`: it is refused', "test('it is refused', { skip: true }, f);"],
  ['names one that is to be written', 'no | `a.test.ts`: it is refused', "test.todo('it is refused');"],
  ['names a case of a comment', 'no | `a.test.ts`: refused: twice', `// 'twice'\n${CASES}`],
  ['names a case of a text', 'no | `a.test.ts`: refused: twice', `f('not twice');\n${CASES}`],
] as const)
  test(`a row of the page on security that ${what} is found`, () => {
    const [row] = attacksOf(
      `## What is tried\n\n| what is tried | x | y |\n|---|---|---|\n| An agent lies | ${cells} |\n`,
    );
    assert.equal(row?.attack, 'An agent lies');
    assert.match(fault(row, (file) => (file === 'a.test.ts' ? source : null)) ?? 'no fault', /^"An agent lies"/);
  });

test('a row of the page on security may leave out what differs, and name one case of a table', () => {
  const source = `for (const one of ['twice', 'never'])\n  test(\`it is refused where it comes \${one}\`, f);\ntest(\n  'no: it\\'s taken',\n);`;
  for (const title of ['it is refused where it comes …', 'it is … where …', "no: it's taken"])
    assert.ok(hasTest([source], title), title);
  assert.ok(hasTest([`f('twice');\n  ${CASES}`], 'refused: twice'));
  assert.ok(hasTest([CASES, "f('twice');"], 'refused: twice'));
});
