import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GrantView, noGrants, weigh } from './grants.ts';

const agent = { namespace: 'tenant-a', uid: 'uid-e' };
const told = { id: 'act-1', taskClass: 'docs', model: 'model-1', tier: 'T1', bundle: '{}' } as const;
const signed = {
  clusterUID: 'c',
  namespace: 'tenant-a',
  agent: { name: 'dev-e', uid: 'uid-e' },
  taskClass: 'docs',
  model: 'model-1',
  tier: 'T1',
  nonce: 'nonce-0001',
} as const;
const identity = { subject: 'ada@example.com', issuer: 'https://accounts.example.com' };
const view = (document: object): GrantView => ({
  version: '1',
  judge: () => ({ holds: true, identity, digest: 'd', document: { ...signed, ...document } as never, signedAt: 7 }),
});

test('a grant is worth what was signed, from when that was, and nothing where the log says something else', () => {
  assert.deepEqual(weigh(view({}), agent, told), {
    id: 'act-1',
    taskClass: 'docs',
    model: 'model-1',
    tier: 'T1',
    at: 7,
  });
  for (const other of [{ taskClass: 'bugfix' }, { model: 'model-2' }, { tier: 'T2' }])
    assert.equal(weigh(view(other), agent, told), 'The log says something else than was signed.');
});

test('a grant that nobody signed, or whose signature nothing here verifies, is worth nothing', () => {
  assert.equal(weigh(view({}), agent, { ...told, bundle: null }), 'Nobody signed it.');
  assert.equal(weigh(noGrants, agent, told), 'Nothing here verifies signatures.');
});

test('a model is granted by any of its names', () => {
  const dated = { ...told, model: 'gpt-5-2025-08-07' };
  assert.ok(typeof weigh(view({ model: 'gpt-5' }), agent, dated) !== 'string');
});
