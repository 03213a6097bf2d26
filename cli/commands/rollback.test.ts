import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Agent, apiVersion, type Issue, resources } from '#crds';
import { type KubeClient, realClock } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { runCLI } from '../cli.ts';
import type { Tenant } from '../cluster.ts';
import { askInverse, takeBack } from './rollback.ts';

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

test('the inverse has the floor of what it takes back: the tier that the conductor gave, or a person since', async () => {
  const pullRequest = { number: 34, url: 'u', headSHA: SHA, mergeSHA: SHA };
  const asked = async (status: object, wish: object) => {
    const client = await withIssue({ phase: 'Done', pullRequest, ...status }, wish);
    const { name } = await askInverse(client, ref);
    return ((await client.get(resources.Issue, { ...ref, name })) as Issue).spec.tier;
  };
  assert.equal(await asked({ issueTier: 'T3' }, {}), 'T3');
  assert.equal(await asked({ issueTier: 'T2' }, { tier: 'T1' }), 'T2');
  assert.equal(await asked({ issueTier: 'T2' }, { tier: 'T3' }), 'T3');
  assert.equal(await asked({}, { tier: 'T1' }), 'T1');
  assert.equal(await asked({}, {}), undefined);
});

test('an issue of which nothing was merged has nothing to take back', async () => {
  const client = await withIssue({ phase: 'InReview', pullRequest: { number: 34, url: 'u', headSHA: SHA } });
  await assert.rejects(askInverse(client, ref), /Nothing of Issue widgets-12 was merged/);
});

test('an Agent that is not there is a wrong command line, and nothing is asked for', async () => {
  const client = await withIssue({ phase: 'Done', pullRequest: { number: 34, url: 'u', headSHA: SHA, mergeSHA: SHA } });
  const metadata = { namespace: 'tenant-a', name: 'dev-e' };
  await client.create(resources.Agent, { apiVersion, kind: 'Agent', metadata, spec: {} } as unknown as Agent);
  const tenant = { client, namespace: 'tenant-a', rig: null } as Tenant;
  await assert.rejects(
    takeBack(tenant, ref.name, { agent: 'dev-ee' }),
    (error) =>
      error instanceof ExitError &&
      error.code === ExitCode.Usage &&
      error.message === '--agent names dev-ee, and there is no such Agent in tenant-a.',
  );
  await assert.rejects(takeBack(tenant, ref.name, {}), /Name the Agent beside --context/);
  assert.equal((await client.list(resources.Issue, { namespace: 'tenant-a' })).items.length, 1);
});

test('rig rollback: a note that is too long is a wrong command line, before anything is asked of a cluster', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  try {
    assert.equal(await runCLI(['rollback', 'widgets-12', '--note', 'x'.repeat(2_000)]), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.match(told.join(''), /The note has 2000 characters; make it at most 1024/);
});
