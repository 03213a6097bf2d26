import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskFailure } from '../failure.ts';
import { parseRigfile } from './index.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const refused = (sentence: RegExp) => (error: unknown) =>
  error instanceof TaskFailure && error.reason === 'BadRigfile' && sentence.test(error.message);

test('a complete file is read, an absent and an empty one say nothing', () => {
  assert.deepEqual(parseRigfile('stack: node\ntestCommand: npm test\nescalate: [A price changes]\n', SHA), {
    stack: 'node',
    testCommand: 'npm test',
    escalate: ['A price changes'],
  });
  assert.deepEqual(parseRigfile(undefined, SHA), {});
  assert.deepEqual(parseRigfile('# nothing\n', SHA), {});
});

test('an unknown key is named with the keys there are', () => {
  assert.throws(
    () => parseRigfile('testComand: npm test', SHA),
    refused(/0123456789ab has the unknown key testComand; .*testCommand/),
  );
});

test('a wrong type is named with its place', () => {
  assert.throws(() => parseRigfile('escalate: [1]', SHA), refused(/wrong at escalate.0: it must be string/));
});

test('a list in place of the mapping, and broken YAML, are refused in one sentence', () => {
  assert.throws(() => parseRigfile('- a', SHA), refused(/must be object/));
  assert.throws(() => parseRigfile('stack: [node', SHA), refused(/not valid YAML at line 1/));
});
