import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventInput, setVerdict, type Verdict } from '#lib/kube';
import { type Judged, recordVerdict } from './verdict.ts';

const stamp = { generation: 1, now: new Date(0) };
const at = (verdict: Verdict, phase?: string): Judged => ({ phase, conditions: setVerdict(undefined, verdict, stamp) });
const ready = (reason: string): Verdict => ({ state: 'Ready', reason, message: `${reason}.` });

function told(steps: readonly [Judged | undefined, Judged, Verdict][]): string[] {
  const events: EventInput[] = [];
  const recorder = { record: (_object: unknown, input: EventInput) => void events.push(input) };
  const object = { apiVersion: 'v1', kind: 'Agent', metadata: { name: 'a', namespace: 'team' } };
  for (const [before, after, verdict] of steps) recordVerdict(recorder as never, object, { before, after }, verdict);
  return events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

test('an object is told of once for each change of its judgement, and not for another look or another message', () => {
  const accepted = ready('Accepted');
  const again = { ...accepted, message: 'In other words.' };
  const stalled: Verdict = { state: 'Stalled', reason: 'SecretMissing', message: 'There is none.' };
  assert.deepEqual(
    told([
      [undefined, at(accepted), accepted],
      [at(accepted), at(again), again],
      [at(again), at(stalled), stalled],
    ]),
    ['Normal Accepted: Accepted.', 'Warning SecretMissing: There is none.'],
  );
});

test('work that goes on is normal, work that cannot begin warns, and a change of phase alone is told', () => {
  const dispatched: Verdict = { state: 'Reconciling', reason: 'Dispatched', message: 'Not yet.', ready: 'True' };
  const nowhere: Verdict = { state: 'Reconciling', reason: 'Unschedulable', message: 'No node.', ready: 'False' };
  assert.deepEqual(
    told([
      [undefined, at(dispatched, 'Pending'), dispatched],
      [at(dispatched, 'Pending'), at(nowhere, 'Pending'), nowhere],
      [at(dispatched, 'Pending'), at(dispatched, 'Running'), dispatched],
    ]),
    ['Normal Dispatched: Not yet.', 'Warning Unschedulable: No node.', 'Normal Dispatched: Not yet.'],
  );
});
