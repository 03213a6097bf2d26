import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { catalogue, type EventType } from '#domain';
import { sampleData } from '../../domain/testing/samples.ts';
import { createTerminal, eventLine } from './index.ts';

const { colours } = createTerminal({ stdout: { write: () => {} }, env: {} });
const at = '2030-01-01T12:00:00.000Z';
const line = (type: string, data: unknown) =>
  eventLine({ type, at, subject: { name: 'i-1' }, data }, colours).replace(/^\d\d:\d\d:\d\d /, '');

test('an event is one line: issue, type and what matters of its data', () => {
  const data = { agent: { name: 'dev-e' }, kind: 'implement', why: 'It is next.' };
  assert.equal(line('TASK_DISPATCHED', data), 'i-1 TASK_DISPATCHED      dev-e to implement: It is next.');
});

test('an event of a type without a phrase of its own shows its message, or nothing', () => {
  assert.equal(line('ISSUE_DONE', { message: 'Merged.' }), 'i-1 ISSUE_DONE           Merged.');
  assert.equal(line('SOMETHING_NEW', { deep: { x: 1 } }), 'i-1 SOMETHING_NEW');
});

test('data that does not fit its type is shown as nothing, never thrown', () => {
  for (const data of [null, undefined, 7, {}, { tokens: null, by: null, agent: 3 }])
    for (const type of ['MERGED', 'TOKENS_USED', 'REVIEW_PASSED', 'CI_FAILED', 'ISSUE_FILED', 'ISSUE_ASSIGNED'])
      assert.match(line(type, data), new RegExp(`^i-1 ${type}`));
});

test('who reviews which head, what is merged how, and what was refused to run, are said in words', () => {
  const headSHA = 'abcdef0'.padEnd(40, '1');
  const said: [string, object, string][] = [
    ['REVIEW_ASSIGNED', { agent: { name: 'review-e' }, headSHA }, 'review-e reviews abcdef0'],
    ['MERGE_REQUESTED', { number: 7, headSHA, method: 'squash' }, '#7 at abcdef0, by squash'],
    ['PR_CLOSED', { number: 7, stale: true, by: { login: 'ada' } }, '#7 by ada, of an earlier attempt'],
    ['COMMAND_ACCEPTED', { command: 'tier', tier: 'T2', by: { login: 'ada' } }, 'tier T2 by ada'],
    ['COMMAND_ACCEPTED', { command: 'retry', tier: null, by: { login: 'ada' } }, 'retry by ada'],
    ['EPIC_PLANNED', { children: ['ast', 'lexer'] }, 'ast, lexer'],
    ['GUARD_BLOCKED', { command: 'sudo ls', rule: 'privilege' }, 'privilege: sudo ls'],
  ];
  for (const [type, data, text] of said) assert.equal(line(type, data), `i-1 ${type.padEnd(20)} ${text}`);
});

test('every type of the catalogue has something to say beside its name', () => {
  for (const type of Object.keys(catalogue) as EventType[]) {
    const said = fc.sample(sampleData(type), { numRuns: 20, seed: 7 }).map((data) => line(type, data));
    assert.ok(
      said.some((text) => text.length > `i-1 ${type.padEnd(20)}`.length),
      `${type}: ${said[0]}`,
    );
  }
});

test('a title that holds a line break and an escape stays one plain line', () => {
  assert.equal(line('ISSUE_FILED', { spec: { title: 'a\n\u001b[2Jb' } }), 'i-1 ISSUE_FILED          a [2Jb');
});

test('a refused host is shown with how often and why, a summary of many hosts without a port', () => {
  const denied = { host: 'evil.example', port: 443, reason: 'HostNotListed', count: 3 };
  const why = 'The host is not in spec.egress of the Repository.';
  assert.equal(line('EGRESS_DENIED', denied), `i-1 EGRESS_DENIED        evil.example:443, 3 times: ${why}`);
  assert.equal(
    line('EGRESS_DENIED', { ...denied, host: '*', port: null, count: 1, reason: 'Newer' }),
    'i-1 EGRESS_DENIED        *: Newer',
  );
});
