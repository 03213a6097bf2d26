// The values that a label lists are those that the rules know: one that is missing would be counted as `other`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enums } from '#crds';
import { catalogue } from '#domain';
import { metricCatalogue } from '#lib/observe';
import { gateCases } from '../../domain/gate/cases/index.ts';

test('every reason for which a case of the gate does not pass is counted under its own name', () => {
  const listed = metricCatalogue.rig_gate_refusals_total.labels.reason.values ?? [];
  const known = new Set(gateCases.filter(({ state }) => state !== 'pass').map(({ reason }) => reason));
  assert.ok(known.size > 15);
  assert.deepEqual(
    [...known].filter((reason) => !listed.includes(reason)),
    [],
  );
});

test('phases, kinds of task and types of event have room in their labels', () => {
  assert.deepEqual(metricCatalogue.rig_issues.labels.phase.values, enums.IssuePhase);
  const kinds = catalogue.TASK_DISPATCHED.data.properties.kind.anyOf.map((one) => one.const);
  assert.deepEqual(metricCatalogue.rig_tasks_live.labels.kind.values, kinds);
  assert.ok(Object.keys(catalogue).length <= metricCatalogue.rig_events_total.labels.type.atMost);
});
