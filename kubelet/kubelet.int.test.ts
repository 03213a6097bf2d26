import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { clusterLife, testCluster, testNamespace } from '../test/kit/cluster.ts';
import { type TestKubelet, testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';

const node = `host-${randomBytes(3).toString('hex')}`;
let kubelet: TestKubelet;

before(async () => {
  kubelet = await testKubelet(clusterLife, node, {
    'rig-shell:*': { directory: '/', command: ['/bin/sh', '-c'], env: { FROM_IMAGE: 'yes' } },
  });
});

interface Pod {
  metadata: { name: string; uid: string; creationTimestamp: string };
  status: {
    phase: string;
    reason?: string;
    message?: string;
    containerStatuses?: Array<{
      state: { terminated?: { exitCode: number; reason: string; message?: string }; waiting?: { reason: string } };
    }>;
  };
}

const toleration = { key: 'rig.dashecorp.com/host-process', operator: 'Exists', effect: 'NoSchedule' };

const podSpec = (script: string, more: Record<string, unknown> = {}, container: Record<string, unknown> = {}) => ({
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 5,
  tolerations: [toleration],
  nodeSelector: { 'kubernetes.io/hostname': node },
  containers: [{ name: 'main', image: 'rig-shell:1', args: [script], ...container }],
  ...more,
});

async function create(path: string, object: unknown) {
  const { api } = await testCluster();
  return until(`${path} takes the object`, () => api.call('POST', path, object));
}

const createPod = (ns: string, name: string, spec: unknown) =>
  create(`/api/v1/namespaces/${ns}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec,
  });

async function getPod(ns: string, name: string): Promise<Pod> {
  const { api } = await testCluster();
  return api.call<Pod>('GET', `/api/v1/namespaces/${ns}/pods/${name}`);
}

const untilPhase = (ns: string, name: string, phase: string) =>
  until(`pod ${name} is ${phase}`, async () => {
    const pod = await getPod(ns, name);
    if (pod.status.phase === phase) return pod;
    throw new Error(JSON.stringify(pod.status));
  });

async function logsOf(ns: string, name: string, ...flags: string[]): Promise<string> {
  const { kubectl } = await testCluster();
  return kubectl('logs', `--namespace=${ns}`, name, ...flags);
}

test('a Job goes through the scheduler to the host node, runs, and its log and success are reported', async (t) => {
  const ns = await testNamespace(t);
  const { api } = await testCluster();
  const spec = podSpec('echo one; echo two >&2; echo three');
  await create(`/apis/batch/v1/namespaces/${ns}/jobs`, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'job' },
    spec: { backoffLimit: 0, template: { spec } },
  });
  await until('the Job is Complete', async () => {
    const job = await api.call<{ status: { succeeded?: number; conditions?: Array<{ type: string }> } }>(
      'GET',
      `/apis/batch/v1/namespaces/${ns}/jobs/job`,
    );
    return job.status.conditions?.some(({ type }) => type === 'Complete') && job.status.succeeded === 1;
  });
  const lines = (text: string) => text.trim().split('\n').sort();
  assert.deepEqual(lines(await logsOf(ns, 'job/job')), ['one', 'three', 'two']);
  assert.equal(lines(await logsOf(ns, 'job/job', '--tail=1')).length, 1);
  assert.match(await logsOf(ns, 'job/job', '--timestamps', '--tail=1'), /^\d{4}-\d\d-\d\dT\S+Z \w+\n$/);
  assert.equal(await logsOf(ns, 'job/job', '--tail=0'), '');
});

test('a container that exits 7 leaves a Failed pod with exit code 7 and reason Error', async (t) => {
  const ns = await testNamespace(t);
  await createPod(ns, 'seven', podSpec('exit 7'));
  const pod = await untilPhase(ns, 'seven', 'Failed');
  const terminated = pod.status.containerStatuses?.[0]?.state.terminated;
  assert.equal(terminated?.exitCode, 7);
  assert.equal(terminated?.reason, 'Error');
});

test('env, fields, config maps, secrets and a bound token reach the process, and nothing of the kubelet does', async (t) => {
  const ns = await testNamespace(t);
  await create(`/api/v1/namespaces/${ns}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cm' },
    data: { color: 'blue' },
  });
  await create(`/api/v1/namespaces/${ns}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sec' },
    stringData: { pass: 'word' },
  });
  const script = `
    echo "greeting=$GREETING image=$FROM_IMAGE name=$POD color=$COLOR pass=$PASS CPU=$CPU canary=\${CANARY:-none}"
    cd "$CONTAINER_SANDBOX_MOUNT_POINT"
    echo "map=$(cat etc/map/color) secret=$(cat etc/secret/p) labels=$(cat etc/info/labels)"
    ls -lL etc/secret/p | cut -c1-10
    echo kept > work/file && cat work/file
    cut -d. -f2 var/token/t | tr '_-' '/+' | base64 -d 2>/dev/null; echo
  `;
  const container = {
    env: [
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'GREETING', value: 'hello $(POD) $$(POD)' },
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'cm', key: 'color' } } },
      { name: 'PASS', valueFrom: { secretKeyRef: { name: 'sec', key: 'pass' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
    ],
    resources: { requests: { cpu: '10m' } },
    volumeMounts: [
      { name: 'cm', mountPath: '/etc/map' },
      { name: 'sec', mountPath: '/etc/secret' },
      { name: 'info', mountPath: '/etc/info' },
      { name: 'work', mountPath: '/work' },
      { name: 'token', mountPath: '/var/token' },
    ],
  };
  const volumes = [
    { name: 'cm', configMap: { name: 'cm' } },
    { name: 'sec', secret: { secretName: 'sec', items: [{ key: 'pass', path: 'p' }] } },
    { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    { name: 'work', emptyDir: {} },
    {
      name: 'token',
      projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'conductor', expirationSeconds: 600 } }] },
    },
  ];
  await createPod(ns, 'full', podSpec(script, { volumes }, container));
  const pod = await untilPhase(ns, 'full', 'Succeeded');
  const [first, second, mode, kept, token] = (await logsOf(ns, 'full')).split('\n');
  assert.equal(first, 'greeting=hello full $(POD) image=yes name=full color=blue pass=word CPU=10 canary=none');
  assert.equal(second, 'map=blue secret=word labels=app="full"');
  // The pod's group reads what its owner, the node's root, does; in a user namespace they are one.
  assert.equal(mode, process.getuid?.() === 0 ? '-rw-r-----' : '-rw-------');
  assert.equal(kept, 'kept');
  const claims = JSON.parse(token ?? '');
  assert.deepEqual(claims.aud, ['conductor']);
  assert.equal(claims['kubernetes.io'].pod.uid, pod.metadata.uid);
});

test('deleting a pod sends SIGTERM, lets it end within its grace, and the object is gone at once after', async (t) => {
  const ns = await testNamespace(t);
  await createPod(
    ns,
    'polite',
    podSpec('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done', {
      terminationGracePeriodSeconds: 30,
    }),
  );
  await until('it is ready', async () => (await logsOf(ns, 'polite')).includes('ready'));
  const { kubectl } = await testCluster();
  const started = performance.now();
  await kubectl('delete', 'pod', 'polite', `--namespace=${ns}`);
  assert.ok(performance.now() - started < 10_000, 'it did not wait for the whole grace period');
});

test('a pod that ignores SIGTERM is killed, with its children, when the grace period is over', async (t) => {
  const ns = await testNamespace(t);
  await createPod(
    ns,
    'stubborn',
    podSpec('trap "" TERM; sleep 1000 & echo child $!; wait; wait', { terminationGracePeriodSeconds: 1 }),
  );
  await until('the child runs', async () => /child (\d+)/.exec(await logsOf(ns, 'stubborn'))?.[1]);
  const { pid } = await startedOf(ns, 'stubborn');
  const { kubectl } = await testCluster();
  await kubectl('delete', 'pod', 'stubborn', `--namespace=${ns}`);
  await until('everything in the container is gone', () => !isAlive(pid));
});

test('an image that is not in the map fails the pod with ImageNotMapped and one sentence', async (t) => {
  const ns = await testNamespace(t);
  await createPod(ns, 'unmapped', podSpec('true', {}, { image: 'nginx:latest' }));
  const pod = await untilPhase(ns, 'unmapped', 'Failed');
  assert.equal(pod.status.reason, 'ImageNotMapped');
  assert.match(pod.status.message ?? '', /^The image "nginx:latest" is not in this node's image map/);
  const { kubectl } = await testCluster();
  assert.match(await kubectl('describe', 'pod', 'unmapped', `--namespace=${ns}`), /Reason:\s+ImageNotMapped/);
});

test('activeDeadlineSeconds of a pod ends it with DeadlineExceeded', async (t) => {
  const ns = await testNamespace(t);
  await createPod(ns, 'late', podSpec('sleep 1000', { activeDeadlineSeconds: 1 }));
  assert.equal((await untilPhase(ns, 'late', 'Failed')).status.reason, 'DeadlineExceeded');
});

test('a missing config map is waited for and named in the pod’s events', async (t) => {
  const ns = await testNamespace(t);
  await createPod(
    ns,
    'waits',
    podSpec(
      'cat "$CONTAINER_SANDBOX_MOUNT_POINT/c/k"',
      { volumes: [{ name: 'c', configMap: { name: 'later' } }] },
      { volumeMounts: [{ name: 'c', mountPath: '/c' }] },
    ),
  );
  await until('it says what it waits for', async () => {
    const pod = await getPod(ns, 'waits');
    return pod.status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError';
  });
  await create(`/api/v1/namespaces/${ns}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'later' },
    data: { k: 'came' },
  });
  await untilPhase(ns, 'waits', 'Succeeded');
  assert.equal(await logsOf(ns, 'waits'), 'came\n');
});

test('a kubelet killed and started again finds its running pod and reports its real exit code', async (t) => {
  const ns = await testNamespace(t);
  await createPod(ns, 'survivor', podSpec('trap "exit 9" USR1; echo "pid $$$$"; while :; do sleep 0.05; done'));
  const inside = await until('it runs', async () => /pid (\d+)/.exec(await logsOf(ns, 'survivor'))?.[1]);
  const { pid } = await startedOf(ns, 'survivor');
  await kubelet.kill('SIGKILL');
  assert.ok(isAlive(pid), 'the process runs on without the kubelet');
  await kubelet.start();
  assert.equal((await getPod(ns, 'survivor')).status.phase, 'Running');
  assert.match(await until('its log is served', () => logsOf(ns, 'survivor')), /^pid/);
  const { kubectl } = await testCluster();
  await kubectl('exec', `--namespace=${ns}`, 'survivor', '--', 'sh', '-c', `kill -USR1 ${inside}`);
  const pod = await untilPhase(ns, 'survivor', 'Failed');
  assert.equal(pod.status.containerStatuses?.[0]?.state.terminated?.exitCode, 9);
});

test('a pod that ended while the kubelet was away keeps its exit code, and one whose supervisor died says KubeletRestarted', async (t) => {
  const ns = await testNamespace(t);
  const spec = podSpec(
    'until [ -e /w/go ]; do sleep 0.05; done; exit 4',
    { volumes: [{ name: 'w', emptyDir: {} }] },
    { volumeMounts: [{ name: 'w', mountPath: '/w' }] },
  );
  await createPod(ns, 'ended', spec);
  await createPod(ns, 'lost', spec);
  await untilPhase(ns, 'ended', 'Running');
  await untilPhase(ns, 'lost', 'Running');
  const ended = await startedOf(ns, 'ended');
  const lost = await startedOf(ns, 'lost');
  await kubelet.kill('SIGKILL');
  await writeFile(join(ended.podDir, 'volumes', 'w', 'go'), '');
  process.kill(lost.shimPID, 'SIGKILL');
  await until('both are gone', () => !isAlive(ended.shimPID) && !isAlive(lost.pid));
  await kubelet.start();
  const terminated = async (name: string) =>
    (await untilPhase(ns, name, 'Failed')).status.containerStatuses?.[0]?.state.terminated;
  assert.equal((await terminated('ended'))?.exitCode, 4);
  assert.equal((await terminated('lost'))?.reason, 'KubeletRestarted');
});

test('the node’s credential reads the Secret its pod names, and neither another Secret nor another pod’s token', async (t) => {
  const ns = await testNamespace(t);
  const { binary, api } = await testCluster();
  const secret = (name: string) =>
    create(`/api/v1/namespaces/${ns}/secrets`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      stringData: { k: 'v' },
    });
  await secret('mine');
  await secret('other');
  const volumes = [{ name: 'v', secret: { secretName: 'mine' } }];
  await createPod(ns, 'mine', podSpec('sleep 1000', { volumes }));
  await untilPhase(ns, 'mine', 'Running');
  await createPod(ns, 'foreign', { ...podSpec('sleep 1000'), nodeName: 'elsewhere', nodeSelector: undefined });
  const foreign = await getPod(ns, 'foreign');

  const asNode = (...args: string[]) =>
    promisify(execFile)(binary, ['kubectl', `--kubeconfig=${kubelet.kubeconfigPath}`, `--namespace=${ns}`, ...args]);
  assert.match((await asNode('get', 'secret', 'mine', '-o', 'name')).stdout, /secret\/mine/);
  await assert.rejects(asNode('get', 'secret', 'other'), /no relationship found/);
  await assert.rejects(asNode('get', 'secrets'), /forbidden/i);
  await assert.rejects(
    asNode(
      'create',
      'token',
      'default',
      '--bound-object-kind=Pod',
      '--bound-object-name=foreign',
      `--bound-object-uid=${foreign.metadata.uid}`,
    ),
    /forbidden/i,
  );
  await assert.rejects(asNode('create', 'token', 'default'), /forbidden/i);
  await api.call('DELETE', `/api/v1/namespaces/${ns}/pods/foreign?gracePeriodSeconds=0`);
});

test('the kubelet’s port refuses a caller without a credential', async () => {
  const { api } = await testCluster();
  const object = await api.call<{
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: number } };
      conditions: Array<{ type: string; status: string; reason: string }>;
    };
    spec: { taints: Array<{ key: string }> };
  }>('GET', `/api/v1/nodes/${node}`);
  const { Port: port } = object.status.daemonEndpoints.kubeletEndpoint;
  const { get } = await import('node:https');
  const status = await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/containerLogs/a/b/c', rejectUnauthorized: false }, (answer) =>
      resolve(answer.statusCode),
    ).on('error', reject);
  });
  assert.equal(status, 401);
  const isolated = object.status.conditions.find(({ type }) => type === 'Isolated');
  const reason = process.getuid?.() === 0 ? 'UidPerContainer' : 'UserNamespacePerContainer';
  assert.deepEqual([isolated?.status, isolated?.reason], ['True', reason]);
  assert.deepEqual(
    object.spec.taints.map(({ key }) => key).filter((key) => key.startsWith('rig.')),
    ['rig.dashecorp.com/host-process'],
  );
});

test('the directory of a deleted pod is removed from the node', async (t) => {
  const ns = await testNamespace(t);
  await createPod(ns, 'brief', podSpec('true'));
  const { metadata } = await untilPhase(ns, 'brief', 'Succeeded');
  const file = join(kubelet.dataDir, 'pods', metadata.uid, 'pod.json');
  assert.equal(JSON.parse(await readFile(file, 'utf8')).metadata.name, 'brief');
  const { kubectl } = await testCluster();
  await kubectl('delete', 'pod', 'brief', `--namespace=${ns}`);
  await until('its directory is gone', () =>
    readFile(file).then(
      () => false,
      () => true,
    ),
  );
});

/** Who runs on this machine for a pod's first attempt, by the file its supervisor wrote. */
async function startedOf(ns: string, name: string): Promise<{ pid: number; shimPID: number; podDir: string }> {
  const podDir = join(kubelet.dataDir, 'pods', (await getPod(ns, name)).metadata.uid);
  return { podDir, ...JSON.parse(await readFile(join(podDir, 'containers', 'main', '0', 'started.json'), 'utf8')) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
