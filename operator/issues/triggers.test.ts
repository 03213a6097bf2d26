import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent, Issue } from '#crds';
import type { Controller, KubeObject } from '#lib/kube';
import type { Objects } from '../objects.ts';
import { watchForIssues } from './triggers.ts';

type Change = { type: 'add' | 'update' | 'delete'; object: KubeObject; old?: KubeObject };
type Watch = { informer: unknown; keys?: (object: KubeObject) => string[]; when?: (change: Change) => boolean };

interface Shape {
  readonly parent?: string;
  readonly number?: number;
  readonly phase?: string;
}

function issue(name: string, { parent, number, phase = 'Pending' }: Shape = {}, deleted = false): Issue & KubeObject {
  const metadata = {
    namespace: 'team',
    name,
    uid: name,
    ...(deleted && { deletionTimestamp: '2030-01-01T00:00:00Z' }),
  };
  const spec = {
    repositoryRef: { name: 'widgets' },
    dependsOn: [],
    ...(parent && { parentRef: { name: parent } }),
    number,
  };
  return { metadata, spec, status: { phase } } as unknown as Issue & KubeObject;
}

/** Keys of the issues that are looked at when `informer` tells of a change, among these. */
function watched(all: readonly (Issue & KubeObject)[]) {
  const keyOf = { parent: 'parentRef', number: 'number' } as const;
  const issues = {
    list: () => all,
    get: (_: string, name: string) => all.find(({ metadata }) => metadata.name === name),
    byIndex: (index: string, key: string) =>
      all.filter(({ spec }) => {
        if (index === 'parent') return `team/${spec[keyOf.parent]?.name}` === key;
        return index === 'number' && `team/widgets#${spec.number}` === key;
      }),
  };
  const agents = {};
  const watches: Watch[] = [];
  const controller = {
    watch: (informer: unknown, keys: Watch['keys'], when: Watch['when']) => {
      watches.push({ informer, ...(keys && { keys }), ...(when && { when }) });
      return controller;
    },
  };
  watchForIssues(controller as unknown as Controller, { issues, agents } as unknown as Objects, () => true);
  const self = ({ metadata }: KubeObject) => [`${metadata.namespace}/${metadata.name}`];
  const told = (informer: unknown, change: Change) => {
    const asked = watches.filter((one) => one.informer === informer && (one.when?.(change) ?? true));
    const keys = asked.flatMap((one) => [change.object, change.old ?? change.object].flatMap(one.keys ?? self));
    return [...new Set(keys)].sort();
  };
  return { issue: (change: Change) => told(issues, change), agent: (change: Change) => told(agents, change) };
}

test('an update of an Issue that was written here looks at nothing', () => {
  const a = issue('a');
  assert.deepEqual(watched([a]).issue({ type: 'update', object: a, old: a }), []);
});

test('an Issue that stands for the same issue of the forge is looked at when the other is deleted, or begins to be', () => {
  const [elder, twin] = [issue('elder', { number: 7 }), issue('twin', { number: 7 })];
  assert.ok(watched([twin]).issue({ type: 'delete', object: elder }).includes('team/twin'));
  const going = issue('elder', { number: 7 }, true);
  assert.ok(watched([going, twin]).issue({ type: 'update', object: going, old: elder }).includes('team/twin'));
  assert.deepEqual(watched([elder, twin]).issue({ type: 'update', object: elder, old: elder }), []);
});

test('a step of a child looks at its parent and not at its siblings', () => {
  const [epic, a, b] = [issue('epic'), issue('a', { parent: 'epic', phase: 'Queued' }), issue('b', { parent: 'epic' })];
  const old = issue('a', { parent: 'epic' });
  assert.deepEqual(watched([epic, a, b]).issue({ type: 'update', object: a, old }), ['team/epic']);
});

test('a step of a parent looks at none of its children, its coming and going at all', () => {
  const [epic, a, b] = [
    issue('epic', { phase: 'Queued' }),
    issue('a', { parent: 'epic' }),
    issue('b', { parent: 'epic' }),
  ];
  const { issue: told } = watched([epic, a, b]);
  assert.deepEqual(told({ type: 'update', object: epic, old: issue('epic') }), []);
  for (const type of ['add', 'delete'] as const)
    assert.deepEqual(told({ type, object: epic }), ['team/a', 'team/b', 'team/epic']);
});

test('an Agent that is applied again is told to the Issues that wait for one, also while they deploy', () => {
  const phases = ['Queued', 'InReview', 'Deploying', 'AwaitingHuman', 'Done', 'Failed'];
  const all = phases.map((phase) => issue(phase.toLowerCase(), { phase }));
  const agent = { metadata: { namespace: 'team', name: 'dev-e', uid: 'dev-e' } } as Agent & KubeObject;
  const told = watched(all).agent({ type: 'add', object: agent });
  assert.deepEqual(told, ['team/awaitinghuman', 'team/deploying', 'team/inreview', 'team/queued']);
});
