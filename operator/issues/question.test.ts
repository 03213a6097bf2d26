import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Step } from './actions.ts';
import { postQuestion } from './question.ts';

test('the question of an agent is posted in the epoch of the leader that saw it: one that was followed by another is refused', async () => {
  const said: unknown[] = [];
  const conductor = {
    leader: { epoch: 7 },
    log: { pool: { query: async () => ({ rows: [] }) } },
    forges: { forRepository: async () => ({ forge: {} }) },
    writes: { comment: async (target: { epoch?: number }, number: number) => void said.push([target.epoch, number]) },
  };
  const repository = { spec: { owner: 'acme', name: 'widgets' }, status: {} };
  const state = {
    awaiting: { reason: 'AskedForPerson' },
    spec: { number: 3 },
    lastEnd: { work: { ending: 'asked', task: 'a-1', message: 'Which?' }, review: null },
  };
  await postQuestion({ conductor, repository, subject: { id: 's', namespace: 'n' }, state } as unknown as Step);
  assert.deepEqual(said, [[7, 3]]);
});
