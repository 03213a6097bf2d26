import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReason } from '#crds';
import { agentObject } from '../api/objects.int-kit.ts';
import { judgeAgent } from './controller.ts';

const verdicts: [says: string, change: object, state: string, reason: string, message: RegExp][] = [
  ['a complete developer takes work', {}, 'Ready', 'Accepted', /takes work/],
  ['a suspended Agent is ready and takes none', { suspend: true }, 'Ready', 'AgentSuspended', /set spec\.suspend/],
  [
    'an Agent without a default model is stalled',
    { models: {} },
    'Stalled',
    'AgentMissing',
    /set spec\.models\.default/,
  ],
  [
    'a developer without a forge identity is stalled',
    { forgeCredentialsSecretRef: undefined },
    'Stalled',
    'SecretMissing',
    /set spec\.forgeCredentialsSecretRef/,
  ],
  [
    'a watcher needs no forge identity',
    { role: 'watcher', forgeCredentialsSecretRef: undefined },
    'Ready',
    'Accepted',
    /takes work/,
  ],
];

for (const [says, change, state, reason, message] of verdicts)
  test(says, () => {
    const verdict = judgeAgent(agentObject('tenant-a', 'dev-e', 'developer', change));
    assert.deepEqual([verdict.state, verdict.reason], [state, reason]);
    assert.match(verdict.message, message);
    assert.ok(isReason(verdict.reason));
  });
