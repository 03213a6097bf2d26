import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, mebibytes, plain, shellWord, table } from './text.ts';

test('a duration under a minute has tenths of a second, a longer one minutes and two digits of seconds', () => {
  assert.equal(duration(449), '0.4 s');
  assert.equal(duration(59_940), '59.9 s');
  assert.equal(duration(185_000), '3 min 05 s');
});

test('bytes are shown in whole MiB', () => {
  assert.equal(mebibytes(93.4 * 2 ** 20), '93 MiB');
});

test('a table aligns its columns under the headings and leaves no trailing blanks', () => {
  assert.equal(
    table(
      ['A', 'BB'],
      [
        ['long', ''],
        ['x', 'y'],
      ],
    ),
    'A     BB\nlong\nx     y',
  );
});

test('text from outside cannot move the cursor, colour the terminal or start a line of its own', () => {
  assert.equal(plain('a\u001b[31mred\r\n  ✓ Done\u0007'), 'a[31mred ✓ Done');
  assert.equal(plain('a\u202egnp.exe\u2066b\u2028c\u009b31m'), 'agnp.exeb c31m');
  assert.equal(
    plain('שלום 👩‍💻 é\ttab'),
    'שלום 👩‍💻 é\ttab',
    'what is written from right to left, joined or accented stays',
  );
});

test('a word for a shell is quoted where it has to be, and as it is elsewhere', () => {
  assert.equal(shellWord('/home/me/.local/app-1'), '/home/me/.local/app-1');
  assert.equal(shellWord("a b;$(c)'d"), `'a b;$(c)'\\''d'`);
  assert.deepEqual(['', '~', '*', 'a\nb'].map(shellWord), ["''", "'~'", "'*'", "'a\nb'"]);
});
