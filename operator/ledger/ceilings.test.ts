import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '#crds';
import { ceilingsAmong, modelsAmong } from './ceilings.ts';

const model = (name: string) => ({ provider: 'p', model: name });
const agent = (models: Record<string, object>, fallbacks: object[] = []) =>
  ({ metadata: { uid: 'uid-e' }, spec: { models, fallbacks } }) as unknown as Agent;
const lines = [
  { taskClass: 'docs', model: 'large', ceiling: 'T2' },
  { taskClass: 'docs', model: 'small', ceiling: 'T1' },
] as const;
const docs = (one: Agent, answered = new Map<string, string>()) =>
  ceilingsAmong(modelsAmong(one, lines, answered), lines).get('docs');

test('an Agent is worth the lowest of every model that it may write with: its own, those of a kind of work, its fallbacks', () => {
  assert.equal(docs(agent({ default: model('large') })), 'T2');
  assert.equal(docs(agent({ default: model('large'), rework: model('small') })), 'T1');
  assert.equal(docs(agent({ default: model('large'), implement: model('new') })), 'T0');
  assert.equal(docs(agent({ default: model('large') }, [model('small')])), 'T1');
  assert.equal(docs(agent({ default: model('large'), review: model('new') })), 'T2');
  assert.equal(docs(agent({ implement: model('large') })), 'T0');
});

test('a model is worth what answered to its name last', () => {
  const latest = agent({ default: model('latest') });
  assert.equal(docs(latest), 'T0');
  assert.equal(docs(latest, new Map([['latest', 'large']])), 'T2');
  assert.equal(docs(agent({ default: model('large') }), new Map([['large', 'small']])), 'T1');
});
