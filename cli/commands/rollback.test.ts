import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion, type Issue, resources } from '#crds';
import { type KubeClient, realClock } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { askInverse } from './rollback.ts';

const SHA = 'abcdef01'.repeat(5);
const ref = { namespace: 'tenant-a', name: 'widgets-12' };

async function withIssue(status: object, wish: object = {}): Promise<KubeClient> {
  const client = new FakeClient(realClock) as unknown as KubeClient;
  const spec = { repositoryRef: { name: 'widgets' }, title: 'Mend the parser', ...wish };
  const issue = await client.create(resources.Issue, {
    apiVersion,
    kind: 'Issue',
    metadata: ref,
    spec,
  } as unknown as Issue);
  await client.applyStatus(resources.Issue, { ...issue, status } as never);
  return client;
}

test('the inverse of a merged change is asked for as an issue of its own, once', async () => {
  const client = await withIssue({ phase: 'Done', pullRequest: { number: 34, url: 'u', headSHA: SHA, mergeSHA: SHA } });
  const asked = await askInverse(client, ref, 'It broke the login.');
  assert.deepEqual(asked, { name: 'widgets-12-rollback-abcdef01', mergeSHA: SHA, already: false });
  const { spec } = (await client.get(resources.Issue, { ...ref, name: asked.name })) as Issue;
  assert.deepEqual(
    [spec.repositoryRef.name, spec.priority, spec.source, spec.title],
    ['widgets', 'critical', 'kubectl', 'Take back abcdef01: Mend the parser'],
  );
  assert.match(spec.body ?? '', /It broke the login\./);
  assert.match(spec.taskSpec?.goal ?? '', new RegExp(`git revert --no-edit ${SHA}`));
  assert.equal((await askInverse(client, ref)).already, true);
});

test('the inverse is graded by the labels, the class and the files of what it takes back', async () => {
  const pullRequest = { number: 34, url: 'u', headSHA: SHA, mergeSHA: SHA };
  const wish = { labels: ['bug'], taskSpec: { goal: 'g', files: ['src/parser.ts'] } };
  const asked = async (taskClass: string) => {
    const client = await withIssue({ phase: 'Done', pullRequest, taskClass }, wish);
    const { name } = await askInverse(client, ref);
    return ((await client.get(resources.Issue, { ...ref, name })) as Issue).spec;
  };
  const spec = await asked('bugfix');
  assert.deepEqual([spec.labels, spec.taskClass, spec.taskSpec?.files], [['bug'], 'bugfix', ['src/parser.ts']]);
  assert.equal((await asked('unclassified')).taskClass, undefined);
});

test('an issue of which nothing was merged has nothing to take back', async () => {
  const client = await withIssue({ phase: 'InReview', pullRequest: { number: 34, url: 'u', headSHA: SHA } });
  await assert.rejects(askInverse(client, ref), /Nothing of Issue widgets-12 was merged/);
});
