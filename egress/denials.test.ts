import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, silentLogger } from '#lib/observe';
import { type Denial, Denials, MAX_HOSTS } from './denials.ts';

const caller = (uid = 'u') => ({
  namespace: 'n',
  task: `t-${uid}`,
  uid,
  fence: '1.1',
  agent: 'a',
  issue: null,
  token: 'x',
});
const at = (host: string, port = 443) => ({ host, port, plain: false });

function open() {
  const told: Denial[] = [];
  const state = { now: 0, broken: false };
  const write = async (denial: Denial) => {
    if (state.broken) throw new Error('database is down');
    told.push(denial);
  };
  const denials = new Denials(write, { now: () => state.now, logger: silentLogger });
  return { denials, told, state };
}

test('the first refusal of each host of each task is told at once', () => {
  const { denials, told } = open();
  for (const uid of ['u', 'v']) for (const host of ['a', 'b']) denials.record(caller(uid), at(host), 'HostNotListed');
  assert.deepEqual(
    told.map(({ task, host, count }) => [task, host, count]),
    [
      ['t-u', 'a', 1],
      ['t-u', 'b', 1],
      ['t-v', 'a', 1],
      ['t-v', 'b', 1],
    ],
  );
});

test('a task that tries ten thousand hosts is told host by host up to a bound, then as one', () => {
  const { denials, told, state } = open();
  for (let host = 0; host < 10_000; host += 1) denials.record(caller(), at(`h${host}`), 'PortNotListed');
  assert.equal(told.length, MAX_HOSTS + 1);
  state.now = 60_000;
  denials.sweep();
  const { host, port, reason, count } = told.at(-1)!;
  assert.deepEqual([host, port, reason, count], ['*', null, 'HostNotListed', 10_000 - MAX_HOSTS - 1]);
});

test('after a quiet minute a host is news again', () => {
  const { denials, told, state } = open();
  denials.record(caller(), at('a'), 'HostNotListed');
  state.now = 60_000;
  denials.sweep();
  denials.record(caller(), at('a'), 'HostNotListed');
  assert.deepEqual(
    told.map(({ count }) => count),
    [1, 1],
  );
});

test('what could not be written is told later, with what came after it', async () => {
  const { denials, told, state } = open();
  state.broken = true;
  denials.record(caller(), at('a'), 'HostNotListed');
  await denials.close();
  denials.record(caller(), at('a'), 'HostNotListed');
  state.broken = false;
  state.now = 60_000;
  denials.sweep();
  assert.deepEqual(
    told.map(({ count }) => count),
    [2],
  );
});

test('what is told of is logged for the Issue of the task, once each time it is told', () => {
  const lines: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  const denials = new Denials(async () => {}, { now: () => 0, logger });
  const issue = '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
  for (let time = 0; time < 3; time += 1) denials.record({ ...caller(), issue }, at('a'), 'HostNotListed');
  const [line, ...more] = lines.map((text) => JSON.parse(text));
  assert.deepEqual(more, []);
  assert.deepEqual(
    [line.msg, line.task, line.host, line.port, line.reason, line.count, line.correlationId],
    ['connections refused', 't-u', 'a', 443, 'HostNotListed', 1, issue.replaceAll('-', '')],
  );
});
