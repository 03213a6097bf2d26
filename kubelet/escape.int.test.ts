import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testCluster, testNamespace } from '../test/kit/cluster.ts';
import { type TestKubelet, testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';
import {
  besideSpec,
  buildEscape,
  type Canaries,
  escapee,
  HIDDEN,
  neighbour,
  type Outcome,
  putOutCanaries,
  tellTargets,
  volumes,
} from './escape.int-kit.ts';

const ABSTRACT_SOCKET = 'connect to an abstract socket of the machine';
/** Nobody's uid. */
const ORDINARY = 47_023;
const toleration = { key: 'rig.dashecorp.com/host-process', operator: 'Exists', effect: 'NoSchedule' };
const asRoot = process.getuid?.() === 0;

interface Node {
  spec: { taints?: Array<{ key: string; value?: string; effect: string }> };
  status: {
    conditions: Array<{ type: string; status: string; reason: string; message: string }>;
    daemonEndpoints: { kubeletEndpoint: { Port: number } };
  };
}

interface Run {
  readonly outcomes: Outcome[];
  readonly canaries: Canaries;
  readonly node: Node;
  readonly kubelet: TestKubelet;
  readonly ns: string;
  readonly name: string;
}

/** Runs every attempt in a sandbox of a kubelet of the given user. */
async function attempts(t: TestContext, uid: number | undefined, isolation: 'required' | 'none'): Promise<Run> {
  const name = `host-${randomBytes(3).toString('hex')}`;
  const canaries = await putOutCanaries(t, `canary-${randomBytes(8).toString('hex')}`, uid);
  const image = await buildEscape(t);
  const hide = join(image.directory, HIDDEN);
  const hidden = join(hide, 'rig-canary-hidden');
  await writeFile(hidden, canaries.secret);
  const kubelet = await testKubelet(
    t,
    name,
    {
      'rig-shell:*': { directory: '/', command: ['/bin/sh', '-c'] },
      'rig-escape:*': image,
    },
    {
      flags: [`--isolation=${isolation}`, '--max-processes=256', `--hide=${hide}`],
      ...(uid === undefined ? {} : { uid }),
    },
  );
  const { api } = await testCluster();
  const ns = await testNamespace(t);
  const node = await api.call<Node>('GET', `/api/v1/nodes/${name}`);
  await create(ns, 'secrets', { metadata: { name: 'canary' }, stringData: { secret: canaries.secret } });
  const [podUID, besideUID] = await startPods(ns, name);
  const { kubeconfig } = await testCluster();
  const surroundings = {
    podUID,
    besideUID,
    hidden,
    control: isolation === 'none',
    ports: {
      kubelet: node.status.daemonEndpoints.kubeletEndpoint.Port,
      'API server': Number(new URL(kubeconfig.clusters[0].cluster.server).port),
    },
  };
  const logOf = logsIn(ns);
  await until('the neighbour has its secret', async () => (await logOf('neighbour')).includes(canaries.secret));
  const outcomes: Outcome[] = [];
  for (const container of isolation === 'none' ? ['sandbox'] : ['sandbox', 'networked']) {
    await tellTargets(kubelet, canaries, { ...surroundings, container, machineNetwork: container === 'networked' });
    outcomes.push(...(await outcomesOf(container, logOf)));
  }
  return { outcomes, canaries, node, kubelet, ns, name };
}

/** Starts the neighbours and those that make the attempts: one with loopback alone, one with the machine's network. */
async function startPods(ns: string, nodeName: string): Promise<[string, string]> {
  const common = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    nodeName,
    tolerations: [{ operator: 'Exists' }],
  };
  const annotations = { 'rig.dashecorp.com/loopback-only': 'sandbox' };
  const spec = { ...common, containers: [neighbour, escapee('sandbox'), escapee('networked')], volumes };
  await create(ns, 'pods', { metadata: { name: 'pod', annotations }, spec });
  await create(ns, 'pods', { metadata: { name: 'beside' }, spec: { ...common, ...besideSpec } });
  return Promise.all([untilRunning(ns, 'pod'), untilRunning(ns, 'beside')]);
}

type ReadLog = (container: string) => Promise<string>;

function logsIn(ns: string): ReadLog {
  return async (container) =>
    (await testCluster()).kubectl('logs', `--namespace=${ns}`, 'pod', `--container=${container}`);
}

async function outcomesOf(container: string, logOf: ReadLog): Promise<Outcome[]> {
  const log = await until(`every attempt of ${container} was made`, async () => {
    const text = await logOf(container);
    if (text.includes('{"name":"end"}')) return text;
    throw new Error(text.slice(-300));
  });
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => 'escaped' in line)
    .map((line) => ({ ...line, container }));
}

async function create(ns: string, kind: string, object: object): Promise<void> {
  const { api } = await testCluster();
  const type = kind === 'pods' ? 'Pod' : 'Secret';
  await until(`${kind} are taken`, () =>
    api.call('POST', `/api/v1/namespaces/${ns}/${kind}`, { apiVersion: 'v1', kind: type, ...object }),
  );
}

interface HostPod {
  metadata: { uid: string };
  status: {
    phase: string;
    reason?: string;
    message?: string;
    containerStatuses?: Array<{ state: { running?: object } }>;
  };
}

async function untilRunning(ns: string, name: string): Promise<string> {
  const { api } = await testCluster();
  return until(`every container of ${name} runs`, async () => {
    const pod = await api.call<HostPod>('GET', `/api/v1/namespaces/${ns}/pods/${name}`);
    const containers = pod.status.containerStatuses ?? [];
    if (containers.length > 0 && containers.every(({ state }) => state.running)) return pod.metadata.uid;
    throw new Error(JSON.stringify(pod.status));
  });
}

const isolated = (node: Node) => node.status.conditions.find(({ type }) => type === 'Isolated');
const names = (outcomes: Outcome[]) => outcomes.map(({ name }) => name);

/** What succeeded, but for what the node's condition admits: before Linux 6.12 Landlock knows no abstract sockets. */
function escapes({ outcomes, node }: Run): Outcome[] {
  const [, lacking = ''] = isolated(node)?.message.split('lacks: ') ?? [];
  return outcomes.filter(
    ({ escaped, container, name }) =>
      escaped && !(lacking.includes('Landlock') && container === 'networked' && name === ABSTRACT_SOCKET),
  );
}

/** What a look at the canaries themselves says, whatever the attempts think of themselves. */
async function assertUntouched({ canaries, kubelet }: Run): Promise<void> {
  assert.equal(canaries.reached(), 0, 'a socket of the machine was reached');
  assert.ok(canaries.isProcessAlive(), 'a process of the machine was ended');
  for (const dir of [canaries.worktree, canaries.home]) {
    const files = await readdir(dir);
    assert.deepEqual(files, [`rig-canary-${dir.split('/').at(-1)}`]);
    assert.equal(await readFile(join(dir, files[0]!), 'utf8'), canaries.secret);
  }
  assert.ok(!(await readdir(join(kubelet.dataDir, 'pods'))).includes('escaped'), 'the kubelet’s directory was written');
}

/** What an attempt of each sort must do without a wall, for the suite to mean something; who is not root can all of it. */
const mustSucceedWithoutAWall = [
  'find secrets anywhere in the file system',
  "read the kubelet's key",
  "read the kubelet's kubeconfig",
  "read the neighbour's environment",
  "read the neighbour's token",
  'read the other worktree',
  'find a mount writable that is not its own',
  'read the hidden directory of the image',
  'write into the other worktree',
  "connect to the supervisor's socket",
  "connect to the neighbour's init",
  'connect to the kubelet',
  'trace the neighbour',
  'signal a process of the machine',
  'follow a symbolic link in the shared volume',
  'hard-link a secret into the shared volume',
  'read a secret by a git hook',
  "read a secret by a command in git's configuration",
  'read a secret by an npm lifecycle script',
  "plant a hook in the runtime's repository",
  "configure git for the node's user",
];

const users: Array<{ who: string; uid: number | undefined; reason: string; withoutAWall: number }> = [
  {
    who: 'an ordinary user',
    uid: asRoot ? ORDINARY : undefined,
    reason: 'UserNamespacePerContainer',
    withoutAWall: 25,
  },
  ...(asRoot ? [{ who: 'root', uid: undefined, reason: 'UidPerContainer', withoutAWall: 40 }] : []),
];

for (const { who, uid, reason, withoutAWall } of users) {
  test(`of at least 80 attempts to leave a container of a node run by ${who} none succeeds`, async (t) => {
    if (!(await canIsolate(uid))) return assertNothingRuns(t, uid);
    const run = await attempts(t, uid, 'required');
    assert.deepEqual(escapes(run), []);
    const different = new Set(names(run.outcomes)).size;
    t.diagnostic(`${different} attempts, ${run.outcomes.length} with those of a second container`);
    assert.ok(different >= 80, `only ${different} attempts`);
    await assertUntouched(run);
    assert.deepEqual([isolated(run.node)?.status, isolated(run.node)?.reason], ['True', reason]);
    assert.ok(!run.node.spec.taints?.some(({ key }) => key === 'rig.dashecorp.com/unisolated'));
  });

  test(`without a wall at least ${withoutAWall} of the same attempts succeed on a node run by ${who}, which says so`, async (t) => {
    const run = await attempts(t, uid, 'none');
    const succeeded = names(escapes(run));
    assert.ok(succeeded.length >= withoutAWall, `only ${succeeded.length}: ${succeeded.join(', ')}`);
    assert.deepEqual(
      mustSucceedWithoutAWall.filter((name) => !succeeded.includes(name)),
      [],
      'these prove nothing',
    );
    assert.ok(run.canaries.reached() > 0, 'the canaries notice nothing');
    t.diagnostic(`${succeeded.length} of ${run.outcomes.length} succeed: ${succeeded.join(', ')}`);
    assert.deepEqual([isolated(run.node)?.status, isolated(run.node)?.reason], ['False', 'TurnedOff']);
    assert.deepEqual(
      run.node.spec.taints?.filter(({ key }) => key === 'rig.dashecorp.com/unisolated'),
      [{ key: 'rig.dashecorp.com/unisolated', value: 'true', effect: 'NoSchedule' }],
    );
    await assertRefused(run);
  });
}

/** Whether this machine lets the user make what a wall is made of: some let root alone, and some containers nobody. */
async function canIsolate(uid: number | undefined): Promise<boolean> {
  const user = asRoot && uid === undefined ? [] : ['--user', '--map-root-user'];
  const child = spawn('unshare', [...user, '--mount', '--pid', '--fork', 'true'], {
    stdio: 'ignore',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const [code] = await once(child, 'exit');
  return code === 0;
}

/** On a machine that cannot isolate, the node says what is in the way, and starts nothing. */
async function assertNothingRuns(t: TestContext, uid: number | undefined): Promise<void> {
  t.diagnostic('this machine cannot isolate');
  const name = `host-${randomBytes(3).toString('hex')}`;
  const images = { 'rig-shell:*': { directory: '/', command: ['/bin/sh', '-c'] } };
  const kubelet = await testKubelet(t, name, images, uid === undefined ? {} : { uid });
  const { api } = await testCluster();
  const condition = isolated(await api.call<Node>('GET', `/api/v1/nodes/${name}`));
  assert.deepEqual([condition?.status, condition?.reason], ['False', 'NoIsolation']);
  assert.match(condition?.message ?? '', /can read what that user can read: \S/);
  await assertRefused({ ns: await testNamespace(t), name, kubelet });
}

/** A pod that does not accept to run without a wall, though it names this node itself, starts nothing. */
async function assertRefused({ ns, name, kubelet }: Pick<Run, 'ns' | 'name' | 'kubelet'>): Promise<void> {
  const container = { name: 'main', image: 'rig-shell:1', args: ['sleep 1000'] };
  const spec = { restartPolicy: 'Never', nodeName: name, tolerations: [toleration], containers: [container] };
  await create(ns, 'pods', { metadata: { name: 'careful' }, spec });
  const { api } = await testCluster();
  const pod = await until('it is refused', async () => {
    const found = await api.call<HostPod>('GET', `/api/v1/namespaces/${ns}/pods/careful`);
    if (found.status.phase === 'Failed') return found;
    throw new Error(JSON.stringify(found.status));
  });
  assert.equal(pod.status.reason, 'UnisolatedNotTolerated');
  assert.match(pod.status.message ?? '', /^This node does not isolate containers/);
  const left = await readdir(join(kubelet.dataDir, 'pods', pod.metadata.uid));
  assert.ok(!left.includes('containers'), 'something was started');
  await assertNotScheduled(ns, name);
}

/** The scheduler does not put such a pod there; `kubectl describe` says that a taint is in the way, and of the node which and why. */
async function assertNotScheduled(ns: string, name: string): Promise<void> {
  const container = { name: 'main', image: 'rig-shell:1', args: ['sleep 1000'] };
  const spec = { nodeSelector: { 'kubernetes.io/hostname': name }, tolerations: [toleration], containers: [container] };
  await create(ns, 'pods', { metadata: { name: 'placed' }, spec });
  const { kubectl } = await testCluster();
  await until('the pod says why it waits', async () => {
    const described = await kubectl('describe', 'pod', 'placed', `--namespace=${ns}`);
    if (/FailedScheduling.*untolerated taint/.test(described)) return true;
    throw new Error(described);
  });
  const node = await kubectl('describe', 'node', name);
  assert.match(node, /rig\.dashecorp\.com\/unisolated=true:NoSchedule/);
  assert.match(node, /Isolated +False .*(TurnedOff|NoIsolation) +\S/);
}
