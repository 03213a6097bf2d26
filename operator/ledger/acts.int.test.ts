import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Agent, annotations } from '#crds';
import { defaultLedgerPolicy } from '#domain';
import { KubeClient as Kube, type KubeClient, loadKubeConfig } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { ExitError } from '#lib/terminal';
import { say } from '../../cli/commands/trust-acts.ts';
import { deed, storyOf } from '../../domain/testing/ledger.ts';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { AgentController } from '../agents/controller.ts';
import { clusterConductor } from '../api/cluster.int-kit.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { AGENTS } from '../objects.ts';
import { LedgerService } from './service.ts';

let rig: TestConductor;
let service: LedgerService;
let ada: KubeClient;

before(async () => {
  rig = await clusterConductor();
  const agents = new AgentController(rig.conductor, silentLogger, rig.store);
  service = new LedgerService({
    pool: rig.db.pool,
    store: rig.store,
    policy: () => ({ ...defaultLedgerPolicy, settle: 0 }),
    now: Date.now,
    logger: silentLogger,
    onSettled: ({ namespace, name }) => agents.controller.enqueue(`${namespace}/${name}`),
  });
  rig.manager.start();
  await applyTenant(rig);
  await agents.controller.start();
  clusterLife.after(() => agents.controller.stop({ graceMs: 100 }));
  ada = await person('ada');
  await until('the policy is enforced', () =>
    patch(ada, { [annotations.trust]: '{}', [annotations.trustBy]: 'bob' }, true).then(
      () => false,
      ({ code }) => code === 'Forbidden',
    ),
  );
});

/** A user of the cluster who may change Agents. */
async function person(name: string): Promise<KubeClient> {
  const cluster = await testCluster();
  for (const role of ['rig-view', 'rig-admin'])
    await cluster.kubectl(
      ...['create', 'rolebinding', `${name}-${role}`, `--clusterrole=${role}`, `--user=${name}`, '-n', rig.namespace],
    );
  return as(name);
}

async function as(impersonate: string): Promise<KubeClient> {
  const client = new Kube(loadKubeConfig({ path: (await testCluster()).kubeconfigPath, impersonate }));
  clusterLife.after(() => client.close());
  return client;
}

const ref = () => ({ namespace: rig.namespace, name: 'dev-e' });
const patch = (client: KubeClient, said: Record<string, string | null>, dryRun = false) =>
  client.patch(AGENTS, ref(), { metadata: { annotations: said } }, { dryRun });

async function told(): Promise<string[]> {
  const { rows } = await rig.db.pool.query(
    "SELECT type, data FROM events JOIN subjects s ON s.id = stream WHERE s.kind = 'Agent' ORDER BY version",
  );
  return rows.map(({ type, data }) => `${type} ${data.by ?? ''}`.trim());
}

test('a grant by a person is recorded under their name, moves the ceiling, and is shown on the Agent', async () => {
  const recorded = await say(
    ada,
    ref(),
    { do: 'grant', model: 'a-model', taskClass: 'docs', tier: 'T1' },
    { note: 'Known.' },
  );
  assert.equal(recorded.by, 'ada');
  assert.deepEqual(await told(), ['TRUST_GRANTED ada']);
  await service.settle();
  const agent = await until('the ceiling is shown', async () => {
    const now: Agent = await rig.client.get(AGENTS, ref());
    return now.status?.ceilings === undefined ? undefined : now;
  });
  assert.deepEqual(agent.status?.ceilings, [{ taskClass: 'docs', tier: 'T1', streak: 0 }]);
  assert.deepEqual(await told(), ['TRUST_GRANTED ada', 'TRUST_PROMOTED']);
});

test('T3 is granted to nobody, and nonsense is refused with a sentence', async () => {
  const refused = (words: object, why: RegExp) =>
    assert.rejects(say(ada, ref(), words as never), (error) => error instanceof ExitError && why.test(error.message));
  const grant = { do: 'grant', model: 'a-model', taskClass: 'docs' };
  await refused({ ...grant, tier: 'T3' }, /granted to nobody/);
  await refused({ ...grant, tier: 'T9' }, /No tier/);
  await refused({ ...grant, taskClass: '../docs', tier: 'T1' }, /No class/);
  await refused({ do: 'ack', model: '' }, /No model/);
  await refused({ do: 'bless' }, /none of ack/);
  await refused({ do: 'fault', issue: 'nothing-here' }, /No Issue nothing-here/);
  assert.equal((await told()).filter((one) => one.startsWith('TRUST_GRANTED')).length, 1);
});

test('a person’s fault takes a merged change back, and the word is taken back by clearing it', async () => {
  const { rows } = await rig.db.pool.query(
    "INSERT INTO subjects (id, kind, namespace, name, uid) VALUES (gen_random_uuid(), 'Issue', $1, 'widgets-9', 'u9') RETURNING id",
    [rig.namespace],
  );
  const events = storyOf(deed({ issue: 9, mergedAt: 0 })).filter(({ type }) => type !== 'APPROVAL_USED');
  await rig.store.append(
    rig.db.pool,
    rows[0].id,
    0,
    events.map(({ type, data }) => ({ type, data, meta: { actor: { kind: 'controller', name: 'test' } } })),
  );
  await service.settle();
  const streak = async () =>
    (await rig.db.pool.query("SELECT streak, cooldown_until FROM ledger WHERE agent_uid = 'agent-a'")).rows[0];
  assert.equal((await streak()).streak, 1);
  await say(ada, ref(), { do: 'fault', issue: 'widgets-9' });
  await service.settle();
  assert.equal((await streak()).streak, 0);
  assert.ok((await streak()).cooldown_until !== null);
  await say(ada, ref(), { do: 'clear', issue: 'widgets-9' });
  await service.settle();
  assert.deepEqual(await streak(), { streak: 1, cooldown_until: null });
  await assert.rejects(say(ada, ref(), { do: 'clear', issue: 'widgets-9' }), /No question is open/);
});

test('nobody speaks in another’s name, and no ServiceAccount speaks at all', async () => {
  const words = (by: string) => ({
    [annotations.trust]: '{"id":"forged-act","do":"ack","model":"m"}',
    [annotations.trustBy]: by,
  });
  await assert.rejects(patch(ada, words('bob')), { code: 'Forbidden' });
  await assert.rejects(patch(ada, { [annotations.trust]: '{"id":"forged-act"}', [annotations.trustBy]: null }), {
    code: 'Forbidden',
  });
  const robot = `system:serviceaccount:${rig.namespace}:robot`;
  const cluster = await testCluster();
  await cluster.kubectl(
    ...[
      'create',
      'rolebinding',
      'robot',
      '--clusterrole=rig-admin',
      `--serviceaccount=${rig.namespace}:robot`,
      '-n',
      rig.namespace,
    ],
  );
  await assert.rejects(patch(await as(robot), words(robot)), { code: 'Forbidden' });
  const conductor = await as('system:serviceaccount:rig-system:rig-conductor');
  await assert.rejects(patch(conductor, words('system:serviceaccount:rig-system:rig-conductor')), {
    code: 'Forbidden',
  });
});
