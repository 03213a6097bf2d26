import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { type Agent, annotations } from '#crds';
import { defaultLedgerPolicy, type GrantDocument, grantStatement } from '#domain';
import { readTrust } from '#lib/attest';
import { KubeClient as Kube, type KubeClient, loadKubeConfig, NAMESPACES } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { ExitError } from '#lib/terminal';
import { say, type Words } from '../../cli/commands/trust-say.ts';
import { deed, storyOf } from '../../domain/testing/ledger.ts';
import type { RunningTrust } from '../../local/trust/index.ts';
import { signed, person as signer, started } from '../../local/trust/trust.int-kit.ts';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { AgentController } from '../agents/controller.ts';
import { clusterConductor } from '../api/cluster.int-kit.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { sha256 } from '../approvals/hash.ts';
import { AGENTS } from '../objects.ts';
import { GrantCheck } from './grants.ts';
import { LedgerService } from './service.ts';

let rig: TestConductor;
let service: LedgerService;
let ada: KubeClient;
let trust: RunningTrust;
/** Who may grant; another list is another version. */
let listed: readonly string[] = [signer.email];

before(async () => {
  rig = await clusterConductor();
  trust = await started(clusterLife as TestContext);
  const check = new GrantCheck({ trust: { read: async () => listing() }, client: rig.client, now: Date.now });
  const grants = () => check.view();
  const agents = new AgentController(rig.conductor, silentLogger, { store: rig.store, grants });
  service = new LedgerService({
    pool: rig.db.pool,
    store: rig.store,
    policy: () => ({ ...defaultLedgerPolicy, settle: 0 }),
    grants,
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

function listing() {
  const humans = listed.map((subject) => ({ subject, issuer: trust.url, logins: [], groups: [] }));
  return { trust: readTrust(JSON.stringify(trust.root)), humans, machines: [], fourEyes: null, version: listed.join() };
}

/** A grant to this test's Agent, signed by its person. */
async function grant(over: Partial<Record<keyof GrantDocument, unknown>> = {}): Promise<Words> {
  const { metadata } = await rig.client.get(AGENTS, ref());
  const cluster = await rig.client.get(NAMESPACES, { name: 'kube-system' });
  const document = {
    clusterUID: cluster.metadata.uid!,
    namespace: rig.namespace,
    agent: { name: 'dev-e', uid: metadata.uid! },
    taskClass: 'docs',
    model: 'a-model',
    tier: 'T1',
    nonce: randomUUID(),
    ...over,
  } as GrantDocument;
  return { do: 'grant', bundle: await signed(trust, JSON.stringify(grantStatement(document, sha256))) };
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

test('a grant that a person signed is recorded under their name, moves the ceiling, and is shown on the Agent', async () => {
  const recorded = await say(ada, ref(), await grant(), { note: 'Known.' });
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
  await refused(await grant({ tier: 'T3' }), /granted to nobody/);
  await refused(await grant({ tier: 'T9' }), /not one of version 1/);
  await refused(await grant({ agent: { name: 'dev-f', uid: 'another' } }), /which is another/);
  await refused({ do: 'grant', model: 'a-model', taskClass: 'docs', tier: 'T1' }, /A grant is signed/);
  await refused({ do: 'grant', bundle: '{}' }, /not a Sigstore bundle/);
  await refused({ do: 'grant', bundle: 'x'.repeat(140_000) }, /131072 is the most/);
  await refused({ do: 'fault', issue: 'x', change: 'HEAD' }, /hexadecimal digits/);
  await refused({ do: 'ack', model: 'unknown' }, /No model/);
  await refused({ do: 'ack', model: '' }, /No model/);
  await refused({ do: 'bless' }, /none of ack/);
  await refused({ do: 'fault', issue: 'nothing-here' }, /No Issue nothing-here/);
  assert.equal((await told()).filter((one) => one.startsWith('TRUST_GRANTED')).length, 1);
});

test('a grant falls with the person who signed it, and one that was written into the log without them raises nothing', async () => {
  const ceiling = async () => {
    await service.settle();
    const { rows } = await rig.db.pool.query(
      "SELECT ceiling FROM ledger WHERE task_class = 'docs' AND model = 'a-model'",
    );
    return rows[0]?.ceiling;
  };
  assert.equal(await ceiling(), 'T1');
  const { rows } = await rig.db.pool.query("SELECT id FROM subjects WHERE kind = 'Agent' AND name = 'dev-e'");
  const stream = rows[0].id;
  const [genuine] = (await rig.store.read(stream)).filter(({ type }) => type === 'TRUST_GRANTED');
  const forge = async (data: object) =>
    rig.store.append(rig.db.pool, stream, await rig.store.version(stream), [
      {
        type: 'TRUST_GRANTED',
        data: { ...(genuine!.data as object), ...data } as never,
        meta: { actor: { kind: 'person', name: 'ada' } },
      },
    ]);
  await forge({ act: 'forged-1', tier: 'T2' });
  await forge({ act: 'forged-2', tier: 'T2', bundle: undefined });
  assert.equal(await ceiling(), 'T1');
  await forge({ act: 'forged-3', taskClass: 'bugfix' });
  await service.settle();
  const others = await rig.db.pool.query(
    "SELECT ceiling FROM ledger WHERE task_class = 'bugfix' AND model = 'a-model'",
  );
  assert.deepEqual(others.rows, [{ ceiling: 'T0' }]);
  listed = [];
  assert.equal(await ceiling(), 'T0');
  const [fallen] = (await rig.store.read(stream)).filter(({ type }) => type === 'TRUST_DEMOTED');
  assert.match((fallen!.data as { message: string }).message, /A grant of it does not hold/);
  listed = [signer.email];
  assert.equal(await ceiling(), 'T1');
});

test('words that were said of another Agent and came along with a manifest are not taken', async () => {
  const elsewhere = { id: 'copied-act-1', agent: 'uid-of-another', do: 'ack', model: 'a-model' };
  await patch(ada, { [annotations.trust]: JSON.stringify(elsewhere), [annotations.trustBy]: 'ada' });
  const answer = await until('the words are answered', async () => {
    const { status }: Agent = await rig.client.get(AGENTS, ref());
    return status?.trust?.act === 'copied-act-1' ? status.trust : undefined;
  });
  assert.equal(answer.taken, false);
  assert.match(answer.message, /said of another Agent/);
  assert.ok(!(await told()).includes('TRUST_ACKNOWLEDGED ada'));
});

test('rig trust grant prints what cosign would sign, and files the bundle over it for that grant alone', async () => {
  const { kubeconfigPath } = await testCluster();
  const { 'current-context': context } = parse(readFileSync(kubeconfigPath, 'utf8'));
  const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
  const place = ['--context', context, '--namespace', rig.namespace];
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [main, 'trust', 'grant', 'dev-e', ...args, ...place], {
      env: { ...process.env, KUBECONFIG: kubeconfigPath },
    });
  const { stdout } = await run('refactor', 'T2', '--model', 'a-model', '--print-statement');
  const file = join(rig.dir, 'bundle.json');
  writeFileSync(file, await signed(trust, stdout.trim()));
  await assert.rejects(run('refactor', 'T1', '--model', 'a-model', '--bundle', file), /signs something else/);
  await assert.rejects(run('refactor', 'T3', '--bundle', file), /T3 is granted to nobody/);
  const filed = await run('refactor', 'T2', '--model', 'a-model', '--bundle', file);
  assert.match(filed.stdout, /dev-e is trusted with T2 of class refactor with a-model\. It is recorded\./);
  await service.settle();
  const { rows } = await rig.db.pool.query("SELECT ceiling FROM ledger WHERE task_class = 'refactor'");
  assert.deepEqual(rows, [{ ceiling: 'T2' }]);
});

test('a person’s fault takes a merged change back, and the word is taken back by clearing it', async () => {
  const { rows } = await rig.db.pool.query(
    "INSERT INTO subjects (id, kind, namespace, name, uid) VALUES (gen_random_uuid(), 'Issue', $1, 'widgets-9', 'u9') RETURNING id",
    [rig.namespace],
  );
  const events = storyOf(deed({ issue: 9, mergedAt: 0 }));
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
