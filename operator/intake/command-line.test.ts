import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processorTime } from '../../test/kit/processor.ts';
import { commandList, spokenIn } from './command-line.ts';

const heard = (text: string) => {
  const spoken = spokenIn(text);
  return spoken === null
    ? 'nothing'
    : spoken.command === null
      ? `what? ${spoken.said}`
      : JSON.stringify(spoken.command);
};

const cases: readonly (readonly [string, string, string])[] = [
  ['retry', '/rig retry', '{"do":"retry"}'],
  ['cancel', '/rig cancel', '{"do":"cancel"}'],
  ['hold', '/rig hold', '{"do":"hold","on":true}'],
  ['hold off', '/rig hold off', '{"do":"hold","on":false}'],
  ['review', '/rig review', '{"do":"review"}'],
  ['a tier', '/rig tier T2', '{"do":"tier","tier":"T2"}'],
  ['a tier in small letters, with spaces and a carriage return', '/RIG  Tier   t3 \r\n', '{"do":"tier","tier":"T3"}'],
  ['a command under a text', 'I had a look.\n\n/rig retry\nThanks', '{"do":"retry"}'],
  ['the first of two commands', '/rig hold\n/rig retry', '{"do":"hold","on":true}'],
  ['a command under a closed fence', '```\n/rig cancel\n```\n/rig retry', '{"do":"retry"}'],
  ['a command under a quote and an empty line', '> /rig cancel\n\n/rig retry', '{"do":"retry"}'],
  ['a command after a comment that closed', 'a <!-- b --> c\n/rig retry', '{"do":"retry"}'],
  ['a line of backticks that is no fence', '```not a `fence\n/rig retry', '{"do":"retry"}'],
  ['no word', '/rig', 'what? /rig'],
  ['an unknown word', '/rig merge', 'what? /rig merge'],
  ['a tier that is none', '/rig tier T4', 'what? /rig tier T4'],
  ['a word too many', '/rig retry now', 'what? /rig retry now'],
  ['marks in an unknown command', '/rig `[@all](http://x) <b> **', 'what? /rig allhttp//x b'],
  ['a long unknown command', `/rig ${'x'.repeat(500)}`, `what? /rig ${'x'.repeat(34)}…`],
  ['a command inside a line', 'please /rig retry', 'nothing'],
  ['a command that is indented', '  /rig retry', 'nothing'],
  ['another word that begins alike', '/rigging retry', 'nothing'],
  ['a command in a fence', '```\n/rig retry\n```', 'nothing'],
  ['a command in a fence that never closes', '~~~ text\n/rig retry\n```\n/rig retry', 'nothing'],
  ['a fence that a shorter one does not close', '````\n```\n/rig retry\n````', 'nothing'],
  ['a quoted command', '> /rig retry', 'nothing'],
  ['a line right under a quote', '> yes\n/rig retry', 'nothing'],
  ['a command in an HTML comment', '<!--\n/rig retry\n-->', 'nothing'],
  ['a command in an HTML comment that opens behind a text', 'Hi <!-- a --> there <!--\n/rig retry\n-->', 'nothing'],
  ['a command in a comment that opens far to the right', `${' x'.repeat(300)}<!--\n/rig retry`, 'nothing'],
  ['a command in pre', '<PRE>\n/rig retry\n</pre>', 'nothing'],
  ['an empty text', '', 'nothing'],
];
for (const [title, text, expected] of cases)
  test(`in a comment, ${title}: ${expected}`, () => assert.equal(heard(text), expected));

test('whatever a comment says is read in one pass, and what is shown of it formats nothing', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('/rig ', '\n/rig retry', '```', '~~~~\n', '\n> ', '<!--', '-->', '<pre>', '\n', '\0', '\ud800'),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const spoken = spokenIn(parts.join(''));
      assert.match(spoken?.said ?? '', /^[\w /-]{0,40}…?$/);
    }),
  );
  const spent = processorTime();
  for (const text of ['<!-- -->', '```\n', '> \n', '/rig\t', '`', '\n', '<pre ', '<!--', '-->', '\n>'])
    spokenIn(text.repeat(262_144 / text.length));
  assert.ok(spent() < 5_000);
});

test('every command of the list is one that is understood', () => {
  for (const [line] of commandList) assert.notEqual(spokenIn(line)?.command ?? null, null, line);
});
