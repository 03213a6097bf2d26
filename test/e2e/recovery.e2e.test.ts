// What is killed in the middle of the sample comes back, and the sample is still merged, once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { annotations, apiVersion, labels, resources } from '#crds';
import type { EventView } from '#lib/conductor';
import { type KubeObject, type Resource, SECRETS } from '#lib/kube';
import { until } from '../kit/cluster-wait.ts';
import { type MergeTrap, startMergeTrap } from '../kit/merge-trap.ts';
import { agentOf, processesWith, Rig } from '../kit/rig.ts';
import { Hands, taskStarted } from '../kit/rig-hands.ts';
import { addRepository, OWNER, raiseConcurrency, trustDeveloper } from '../kit/rig-repository.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { title, body } = parse(readFileSync(join(ROOT, 'local', 'sample', 'issue.yaml'), 'utf8'));

describe('recovery', { concurrency: true }, () => {
  let rig: Rig;
  let hands: Hands;
  let trap: MergeTrap;

  before(async () => {
    // Without --sample: every scenario works the sample in a repository of its own.
    rig = new Rig({ args: ['--replay', join(ROOT, 'local', 'sample', 'replay.yaml')] });
    await rig.up();
    hands = new Hands(rig.layout);
    await raiseConcurrency(hands, 4);
    await trustDeveloper(hands);
  });

  after(async () => {
    await hands?.[Symbol.asyncDispose]();
    await trap?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });

  it('the operator is killed while an agent implements: the task goes on and is merged once, in its first attempt', async () => {
    await workSample('operator-killed');
    await hands.untilEvent('operator-killed', taskStarted('implement'));
    await killOperator();
    const log = await endsMergedOnce('operator-killed');
    assert.equal(count(log, 'ISSUE_ASSIGNED'), 1, story(log));
    assert.equal(count(log, 'TASK_LOST'), 0, story(log));
  });

  it('an agent is killed while it implements: the task is lost, and a second attempt is merged once', async () => {
    await workSample('implement-killed');
    await hands.untilEvent('implement-killed', taskStarted('implement'));
    await killAgent('implement-killed-implement-1-1');
    const log = await endsMergedOnce('implement-killed');
    assert.equal(count(log, 'ISSUE_ASSIGNED'), 2, story(log));
    assert.match(lostMessage(log), /Job ended without an outcome/, story(log));
  });

  it('an agent is killed while it reworks: the next attempt goes on from what was pushed, and the stale pull request is closed', async () => {
    await workSample('rework-killed');
    await hands.untilEvent('rework-killed', taskStarted('rework'));
    await killAgent('rework-killed-rework-1-1');
    const log = await endsMergedOnce('rework-killed');
    assert.equal(count(log, 'ISSUE_ASSIGNED'), 2, story(log));
    assert.equal(count(log, 'PR_CREATED'), 2, story(log));
    const { body: pulls } = await hands.forge<Pull[]>('GET', `/repos/${OWNER}/rework-killed/pulls?state=all`);
    assert.deepEqual(
      pulls.map(({ head, state, merged_at }) => [head.ref, state, merged_at !== null]),
      [
        ['rig/rework-killed/2', 'closed', true],
        ['rig/rework-killed/1', 'closed', false],
      ],
    );
  });

  it('the operator is killed when the forge has merged and before it answers: the merge is found, not repeated', async () => {
    let killed = 0;
    trap = await startMergeTrap(hands.urls.forge, () => {
      killed = rig.program('operator');
      process.kill(killed, 'SIGKILL');
    });
    await createIdentities();
    await trustDeveloper(hands, 'dev-x');
    await workSample('merge-killed', {
      apiURL: `${trap.url}/api/v3`,
      cloneURL: `${trap.url}/${OWNER}/merge-killed.git`,
      credentialsSecretRef: { name: 'trap-conductor' },
      webhookSecretRef: { name: 'trap-webhook' },
      agents: [{ agentRef: { name: 'dev-x' } }],
    });
    const log = await endsMergedOnce('merge-killed');
    assert.notEqual(killed, 0, 'the operator was not killed');
    assert.deepEqual(trap.merges(), [200], story(log));
    // One that grew old before its call left says so, and nothing was called for it.
    const decisions = log.filter(({ type }) => ['MERGE_REQUESTED', 'MERGE_GATE_WAITING', 'MERGED'].includes(type));
    const called = decisions.filter(
      ({ type }, at) => type === 'MERGE_REQUESTED' && decisions[at + 1]?.type !== 'MERGE_GATE_WAITING',
    );
    assert.equal(called.length, 1, story(log));
  });

  /** The sample in a repository of its own, worked by an Issue of the same name. */
  async function workSample(name: string, spec: object = {}): Promise<void> {
    const source = rig.layout.data('sample');
    const tools = { env: { NODE_PATH: join(ROOT, 'node_modules') }, path: [join(ROOT, 'node_modules', '.bin')] };
    const requiredChecks = { kind: 'listed', checks: [{ name: 'ci', app: 'rig-ci' }] } as const;
    const agents = [{ agentRef: { name: 'dev-e' } }];
    await addRepository(hands, {
      name,
      source,
      ci: { command: 'tape test/*.js', ...tools },
      spec: { requiredChecks, agents, ...spec } as never,
    });
    await hands.createIssue(name, { repositoryRef: { name }, title, body });
  }

  async function killOperator(): Promise<void> {
    const pid = rig.program('operator');
    process.kill(pid, 'SIGKILL');
    await until('another operator runs', () => rig.program('operator') !== pid, 60_000);
  }

  async function killAgent(task: string): Promise<void> {
    const pid = await until(`the agent of ${task} runs`, () => agentOf(task)?.pid);
    process.kill(pid, 'SIGKILL');
  }

  /** Waits for Done and holds forge and log against "exactly once". Answers the log. */
  async function endsMergedOnce(name: string): Promise<EventView[]> {
    await hands.untilPhase(name, 'Done');
    const { body: pulls } = await hands.forge<Pull[]>('GET', `/repos/${OWNER}/${name}/pulls?state=all`);
    assert.equal(pulls.filter((pull) => pull.merged_at !== null).length, 1, 'pull requests merged');
    assert.deepEqual(
      pulls.filter((pull) => pull.state === 'open').map((pull) => pull.number),
      [],
    );
    const { body: commits } = await hands.forge<object[]>('GET', `/repos/${OWNER}/${name}/commits?sha=main`);
    assert.equal(commits.length, 2, 'commits on main: the import and the merge');
    // Another scenario may kill the conductor in this moment.
    const log = await until('the log can be read', () => hands.log(name));
    assert.deepEqual(
      log.map(({ version }) => version),
      log.map((_, index) => index + 1),
      'versions without gap or double',
    );
    for (const type of ['ISSUE_FILED', 'MERGED', 'ISSUE_DONE']) assert.equal(count(log, type), 1, type);
    const told = log.flatMap(({ type, data }) => (type === 'HEAD_FORWARDED' ? [JSON.stringify(data)] : []));
    assert.equal(new Set(told).size, told.length, 'a head was told twice');
    const { body: issues } = await hands.forge<object[]>('GET', `/repos/${OWNER}/${name}/issues?state=all`);
    assert.equal(issues.length - pulls.length, 1, 'issues filed at the forge');
    return log;
  }

  /** Forge identities that may be sent to the trap, and a developer and a reviewer that use them. */
  async function createIdentities(): Promise<void> {
    const encode = (text: string) => Buffer.from(text).toString('base64');
    const secret = (name: string, data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace: hands.namespace,
        labels: { [labels.forge]: 'true' },
        annotations: { [annotations.forgeHost]: trap.host },
      },
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encode(value)])),
    });
    await hands.client.create(
      SECRETS,
      secret('trap-conductor', { token: hands.secret('forge-token-conductor') }) as KubeObject,
    );
    await hands.client.create(SECRETS, secret('trap-dev', { token: hands.secret('forge-token-dev-e') }) as KubeObject);
    await hands.client.create(
      SECRETS,
      secret('trap-review', { token: hands.secret('forge-token-review-e') }) as KubeObject,
    );
    await hands.client.create(
      SECRETS,
      secret('trap-webhook', { secret: hands.secret('webhook-secret') }) as KubeObject,
    );
    for (const [name, like, credentials] of [
      ['dev-x', 'dev-e', 'trap-dev'],
      ['review-x', 'review-e', 'trap-review'],
    ] as const) {
      const { spec } = await hands.client.get<KubeObject & { spec: object }>(resources.Agent as Resource<never>, {
        namespace: hands.namespace,
        name: like,
      });
      await hands.client.create(
        resources.Agent as Resource<KubeObject>,
        {
          apiVersion,
          kind: 'Agent',
          metadata: { name, namespace: hands.namespace },
          spec: { ...spec, stacks: ['python'], forgeCredentialsSecretRef: { name: credentials } },
        } as KubeObject,
      );
    }
  }
});

interface Pull {
  readonly number: number;
  readonly state: string;
  readonly merged_at: string | null;
  readonly head: { readonly ref: string };
}

function count(log: readonly EventView[], type: string): number {
  return log.filter((event) => event.type === type).length;
}

function lostMessage(log: readonly EventView[]): string {
  return (log.find(({ type }) => type === 'TASK_LOST')?.data as { message?: string } | undefined)?.message ?? '';
}

/** The log as lines, for a failure that is seen once in many runs. */
function story(log: readonly EventView[]): string {
  return log.map(({ version, type, data }) => `${version} ${type} ${JSON.stringify(data).slice(0, 300)}`).join('\n');
}
