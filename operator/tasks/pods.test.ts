import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labels } from '#crds';
import { TaskPods } from './pods.ts';

const pod = (task: string, name: string) => ({ metadata: { name, labels: { [labels.task]: task } } });

function podsOf(items: object[]) {
  const asked: object[] = [];
  const clock = { now: 0 };
  const client = {
    list: async (_: unknown, options: object) => {
      asked.push(options);
      if (items.length === 0) throw new Error('the API server is away');
      return { items: [...items] };
    },
  };
  return { pods: new TaskPods(client as never, () => clock.now), asked, clock };
}

test('a hundred tasks of a namespace that ask at once cost one list of its pods, and each is told its own', async () => {
  const { pods, asked } = podsOf([pod('a', 'a-1'), pod('b', 'b-1'), pod('a', 'a-2')]);
  const names = async (task: string) => (await pods.of('team', task)).map(({ metadata }) => metadata.name);
  const [a, b, c] = await Promise.all([
    names('a'),
    names('b'),
    names('c'),
    ...Array.from({ length: 97 }, () => names('a')),
  ]);
  assert.deepEqual([a, b, c], [['a-1', 'a-2'], ['b-1'], []]);
  assert.deepEqual(asked, [{ namespace: 'team', labelSelector: labels.task }]);
});

test('after two seconds, and for another namespace, pods are read again', async () => {
  const items = [pod('a', 'a-1')];
  const { pods, asked, clock } = podsOf(items);
  await pods.of('team', 'a');
  await pods.of('other', 'a');
  assert.equal(asked.length, 2);
  clock.now = 1_999;
  items.push(pod('a', 'a-2'));
  assert.equal((await pods.of('team', 'a')).length, 1);
  clock.now = 2_000;
  assert.equal((await pods.of('team', 'a')).length, 2);
});

test('a list that failed is not remembered', async () => {
  const items: object[] = [];
  const { pods } = podsOf(items);
  await assert.rejects(pods.of('team', 'a'), /away/);
  items.push(pod('a', 'a-1'));
  assert.equal((await pods.of('team', 'a')).length, 1);
});
