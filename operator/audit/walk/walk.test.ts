import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerminal } from '#lib/terminal';
import { showWalk } from './show.ts';
import { type WalkedEffect, type WalkedEvent, walk } from './walk.ts';

const NOON = Date.UTC(2030, 0, 1, 12);
const event = (version: number, type: string, seconds: number, data: object = {}, meta: object = {}): WalkedEvent => ({
  version,
  type,
  data,
  at: NOON + seconds * 1_000,
  meta: { actor: { kind: 'controller', name: 'issue' }, ...meta } as WalkedEvent['meta'],
});
const effect = (over: Partial<WalkedEffect> = {}): WalkedEffect => ({
  key: 'pull-request/x',
  kind: 'pull-request',
  state: 'succeeded',
  attempt: 1,
  startedAt: NOON + 61_000,
  finishedAt: NOON + 61_400,
  ...over,
});

const LIFE = [
  event(1, 'ISSUE_FILED', 0, { spec: { title: 'Mend it' } }),
  event(2, 'TASK_DISPATCHED', 2, { task: 't-1', agent: { name: 'dev-e' }, kind: 'implement', why: 'It is next.' }),
  event(3, 'HEAD_FORWARDED', 60, { branch: 'b', to: 'a'.repeat(40) }),
  event(
    4,
    'TASK_FINISHED',
    62,
    { task: 't-1', kind: 'implement', result: 'succeeded', reason: 'Done' },
    {
      actor: { kind: 'task', name: 't-1' },
    },
  ),
  event(
    5,
    'MERGED',
    122,
    { number: 7, mergeSHA: 'b'.repeat(40) },
    {
      actor: { kind: 'webhook', name: 'github' },
      causation: { kind: 'delivery', id: 'd-1' },
    },
  ),
];
const DELIVERIES = [{ id: 'd-1', event: 'pull_request', outcome: 'applied' }];

test('an issue is walked from its newest event to its first, with the time between each two', () => {
  const { steps } = walk(LIFE, [], []);
  assert.deepEqual(
    steps.map(({ event: { version }, after }) => [version, after]),
    [
      [5, 60_000],
      [4, 2_000],
      [3, 58_000],
      [2, 2_000],
      [1, null],
    ],
  );
});

test('what a task says was led to by its dispatch, what is decided by the newest event that was known', () => {
  const { steps } = walk(LIFE, [], []);
  assert.deepEqual(
    steps.map(({ ledBy }) => ledBy?.type),
    ['TASK_FINISHED', 'TASK_DISPATCHED', 'TASK_DISPATCHED', 'ISSUE_FILED', undefined],
  );
  const counted = [event(1, 'ISSUE_FILED', 0), event(2, 'TOKENS_USED', 1, { task: 't' }), event(3, 'ISSUE_DONE', 2)];
  assert.equal(walk(counted, [], []).steps[0]!.ledBy?.type, 'ISSUE_FILED');
});

test('a write stands before the event that followed it; one without an outcome stands on top', () => {
  const open = effect({ key: 'comment/y', state: 'started', finishedAt: null });
  const { steps, since } = walk(LIFE, [effect(), open], []);
  assert.deepEqual(
    steps.map(({ effects }) => effects.length),
    [0, 1, 0, 0, 0],
  );
  assert.deepEqual(since, [open]);
});

test('a person reads each event with how long after which other it came, by whom, by which delivery, and what was written', () => {
  const { colours } = createTerminal({ stdout: { write: () => {} }, env: {} });
  const lines = showWalk(walk(LIFE, [effect()], DELIVERIES), 'i-1', colours).split('\n');
  assert.match(lines[0]!, /i-1 MERGED +#7 as bbbbbbb/);
  assert.equal(
    lines[1]!.trim(),
    '1 min 00 s after the one before · led by TASK_FINISHED (4) · by webhook github · delivery d-1 (pull_request, applied)',
  );
  assert.equal(lines[4]!.trim(), 'wrote pull-request (pull-request/x): succeeded in 0.4 s');
  assert.match(lines.at(-1)!, /the first · by controller issue/);
});

test('hostile names in causes stay one plain line', () => {
  const { colours } = createTerminal({ stdout: { write: () => {} }, env: {} });
  const meta = { actor: { kind: 'person', name: 'a\n\u001b[2Jb' } };
  const lines = showWalk(walk([event(1, 'ISSUE_DONE', 0, {}, meta)], [], []), 'i-1', colours).split('\n');
  assert.equal(lines.length, 2);
  assert.ok(!lines[1]!.includes('\u001b'));
});
