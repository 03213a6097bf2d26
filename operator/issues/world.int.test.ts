import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type DomainEvent, type IssueState, release } from '#domain';
import type { ForgeIssueFacts, PullRequestFacts } from '#lib/forge';
import { HEAD, pullRequest } from '../../domain/testing/facts.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { claimedIssue, type TestApi, testApi } from '../api/task.int-kit.ts';
import { Deployers } from '../deploy/deployers.ts';
import { ISSUES } from '../objects.ts';
import { Stacks } from '../repositories/stack.ts';
import { reconcileDeleted } from './tombstone.ts';
import { readWorld, repositoryKey } from './world.ts';

let rig: TestConductor;
let api: TestApi;
before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  api = await testApi(rig);
});

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const opened = (number: number, branch: string): DomainEvent => ({
  type: 'PR_CREATED',
  data: { number, url: `https://forge.example/acme/widgets/pull/${number}`, headSHA: HEAD, branch },
});

/** What the rules are shown of an issue under work, to whose log `events` were added. */
async function shown(name: string, events: (branch: string, state: IssueState) => readonly DomainEvent[]) {
  const { conductor, namespace } = rig;
  const task = await claimedIssue(api, name);
  const key = repositoryKey(conductor.objects.repositories.get(namespace, 'widgets'))!;
  await conductor.log.append(task.subject, CAUSE, (state) => [...events(task.branch, state)]);
  const look = async () =>
    readWorld(
      conductor,
      new Stacks(),
      new Deployers(conductor),
      conductor.objects.issues.get(namespace, name)!,
      task.subject.id,
      await conductor.log.load(task.subject),
    );
  const pull = (change: Partial<PullRequestFacts>, readAt: number) =>
    conductor.mirror.putLivePull(rig.db.pool, key, pullRequest(change), readAt);
  const close = async () => {
    const { number } = task;
    const facts = { number, state: 'closed', updatedAt: new Date().toISOString() } as ForgeIssueFacts;
    await conductor.mirror.putIssue(rig.db.pool, key, facts);
  };
  return { look, pull, close, task };
}

test('an issue that was closed at the forge is shown as closed, and since when that is known, though a merge of it was decided', async () => {
  const number = 901;
  const { look, pull, close } = await shown('closing', (branch) => [
    opened(number, branch),
    { type: 'MERGE_REQUESTED', data: { number, headSHA: HEAD, method: 'squash' } },
  ]);
  const readAt = rig.conductor.now();
  await pull({ number }, readAt);
  assert.deepEqual([(await look()).forgeIssueClosed, (await look()).pullRequestReadAt], [false, readAt]);
  await close();
  const world = await look();
  assert.equal(world.forgeIssueClosed, true);
  assert.ok(world.forgeIssueToldAt >= readAt, `told at ${world.forgeIssueToldAt}, read at ${readAt}`);
});

test('the pull request of an earlier attempt is shown as the forge has it, as long as it may be open', async () => {
  const number = 911;
  const { look, pull } = await shown('stale', (branch, state) => [
    opened(number, branch),
    ...release(state, 'Suspended', 'It was held.'),
    {
      type: 'ISSUE_ASSIGNED',
      data: {
        claim: '018f0000-0000-7000-8000-000000000001',
        agent: { name: 'dev-e', uid: 'u' },
        attempt: 2,
        fence: '1.999',
        branch: 'rig/stale/2',
      },
    },
  ]);
  assert.deepEqual(
    (await look()).stalePulls.map(({ facts, readAt }) => [facts.known, readAt]),
    [[false, 0]],
  );
  const readAt = rig.conductor.now();
  await pull({ number, state: 'merged', mergeSHA: HEAD }, readAt);
  const world = await look();
  const [its] = world.stalePulls;
  assert.deepEqual([its?.number, its?.readAt, its?.facts.known && its.facts.value.state], [number, readAt, 'merged']);
  assert.equal(world.pullRequest.known, false);
});

test('an Issue that is deleted while its merge is on its way: what is merged is in the log all the same', async () => {
  const number = 921;
  const { conductor, client, namespace, db } = rig;
  const { pull, task } = await shown('overtaken', (branch) => [
    opened(number, branch),
    { type: 'MERGE_REQUESTED', data: { number, headSHA: HEAD, method: 'squash' } },
  ]);
  await pull({ number, state: 'merged', mergeSHA: HEAD }, conductor.now());
  await client.delete(ISSUES, { namespace, name: 'overtaken' });
  await reconcileDeleted(conductor, namespace, 'overtaken', CAUSE);
  const { rows } = await db.pool.query('SELECT type FROM events WHERE stream = $1 ORDER BY version', [task.subject.id]);
  const types = rows.map(({ type }) => type);
  assert.deepEqual(types.slice(-4), ['MERGED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'ISSUE_CANCELLED']);
});
