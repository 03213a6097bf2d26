import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRecorder } from '#lib/kube';
import { recordGrowth } from '../notices/growth.ts';
import { tellDenied } from './tell.ts';

const object = (kind: string) => (namespace: string, name: string) => ({
  apiVersion: 'rig.dashecorp.com/v1alpha1',
  kind,
  metadata: { namespace, name, uid: `${kind}-${name}` },
});

test('a task that tries hundreds of hosts leaves one Event on its Issue, a bounded number on itself, and room for the merge', async () => {
  const made: { kind: string; reason: string }[] = [];
  const client = {
    create: async (_resource: unknown, event: { regarding: { kind: string }; reason: string }) => {
      made.push({ kind: event.regarding.kind, reason: event.reason });
      return event;
    },
    patch: async (_resource: unknown, _ref: unknown, patch: unknown) => patch,
  };
  const recorder = new EventRecorder({ client: client as never, controller: 'rig.dashecorp.com/conductor' });
  const objects = { issues: { get: object('Issue') }, tasks: { get: object('AgentTask') } };
  const subject = { id: 's', namespace: 'team', name: 'one' };
  const task = { task: 'one-implement-1-1', kind: 'implement', fence: '1.1' } as const;
  for (let host = 0; host < 300; host += 1)
    tellDenied({ objects, recorder } as never, subject, {
      type: 'EGRESS_DENIED',
      data: { ...task, host: `h${host}.example`, port: 443, reason: 'HostNotListed', count: 1 },
    });
  const merged = { number: 7, headSHA: 'a'.repeat(40), mergeSHA: 'b'.repeat(40), by: null };
  recordGrowth(recorder, objects.issues.get('team', 'one') as never, [{ type: 'MERGED', data: merged } as never]);
  await recorder.flush();
  assert.deepEqual(
    made.filter(({ kind }) => kind === 'Issue').map(({ reason }) => reason),
    ['HostNotListed', 'Merged'],
  );
  const ofTask = made.filter(({ kind }) => kind === 'AgentTask').length;
  assert.ok(ofTask >= 10 && ofTask <= 20, String(ofTask));
});
