import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IssueState, noIssue, type StoredEvent } from '#domain';
import { createMetrics } from '#lib/observe';
import { countGrowth } from './growth.ts';

const task = { name: 'a-implement-1-1', kind: 'implement', lane: 'work', dispatchedAt: 10_000 } as const;
const before = { ...noIssue, task: { work: task, review: null } } as unknown as IssueState;
const at = (type: string, data: object): StoredEvent => ({ type, data, version: 1, at: 72_000 }) as StoredEvent;

test('a task that ends is timed once, from its dispatch, under how it ended', async () => {
  const metrics = await createMetrics('operator');
  const end = { task: task.name, kind: 'implement', ending: 'lost' };
  const state = { ...noIssue, lastEnd: { work: end, review: null } } as unknown as IssueState;
  countGrowth(metrics, { before, state, events: [at('TASK_LOST', { task: task.name })] });
  countGrowth(metrics, { before: state, state, events: [at('ISSUE_EDITED', {})] });
  const text = await metrics.text();
  assert.match(text, /^rig_task_seconds_count\{kind="implement",ending="lost"\} 1$/m);
  assert.match(text, /^rig_task_seconds_sum\{kind="implement",ending="lost"\} 62$/m);
});

test('a head that the gate newly refuses is counted under the reason', async () => {
  const metrics = await createMetrics('operator');
  const refused = at('MERGE_GATE_WAITING', { gate: 'ci', reason: 'ChecksPending', headSHA: 'a', message: '' });
  countGrowth(metrics, { before, state: before, events: [refused] });
  assert.match(await metrics.text(), /^rig_gate_refusals_total\{reason="ChecksPending"\} 1$/m);
});
