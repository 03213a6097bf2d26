import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError, type PodLogOptions } from '#lib/kube';
import { PodSource } from './pod-source.ts';

const pod = { namespace: 'team', name: 'pod' };

function fake(...answers: (string | KubeError)[]) {
  const asked: PodLogOptions[] = [];
  const podLogs = async (_ref: unknown, options: PodLogOptions = {}) => {
    asked.push(options);
    const answer = answers.shift() ?? '';
    if (answer instanceof KubeError) throw answer;
    return answer;
  };
  return { asked, client: { podLogs } };
}

test('what is asked for again and overlaps is told once, also lines of the very same moment', async () => {
  const first = '2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.2Z two\n';
  const again = `${first}2026-01-02T03:04:05.2Z two\n2026-01-02T03:04:06Z three\n`;
  const { client, asked } = fake(first, again, again);
  let now = 0;
  const source = new PodSource(client as never, pod, { task: 'a', sinceSeconds: 60, now: () => now });
  const read = async () => (await source.read()).map(({ text }) => text);
  assert.deepEqual(await read(), ['one', 'two']);
  now = 1_500;
  assert.deepEqual(await read(), ['two', 'three']);
  assert.deepEqual(await read(), []);
  assert.deepEqual(
    asked.map(({ sinceSeconds }) => sinceSeconds),
    [60, 12, 10],
  );
});

test('a moment that is written shorter than the one before it is not taken for a later or an earlier one', async () => {
  const told = '2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.12Z two\n';
  const { client } = fake(told, `${told}2026-01-02T03:04:05.120000001Z three\n2026-01-02T03:04:06Z four\n`);
  const source = new PodSource(client as never, pod, { task: 'a' });
  const read = async () => (await source.read()).map(({ text }) => text);
  assert.deepEqual(await read(), ['one', 'two']);
  assert.deepEqual(await read(), ['three', 'four']);
});

test('a container that has not started and a pod that is gone have no lines, and another failure is one', async () => {
  const waiting = new KubeError('BadRequest', 'container "agent" is waiting to start');
  const gone = new KubeError('NotFound', 'pods "pod" not found');
  const { client } = fake(waiting, gone, new KubeError('Forbidden', 'you may not'));
  const source = new PodSource(client as never, pod, { task: 'a' });
  assert.deepEqual([await source.read(), source.gone], [[], false]);
  assert.deepEqual([await source.read(), source.gone], [[], true]);
  await assert.rejects(source.read(), /you may not/);
});
