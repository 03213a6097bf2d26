import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { clusterLife, testCluster, testNamespace } from '../test/kit/cluster.ts';
import { type TestKubelet, testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';

const node = `life-${randomBytes(3).toString('hex')}`;
let kubelet: TestKubelet;

before(async () => {
  const forever = { directory: '/', command: ['/bin/sleep', '100000'] };
  kubelet = await testKubelet(clusterLife, node, {
    'rig-shell:*': { directory: '/', command: ['/bin/sh', '-c'] },
    // What virtual-kubelet's own suite calls its images.
    foo: forever,
    bar: forever,
    baz: forever,
  });
});

interface ContainerStatus {
  name: string;
  ready: boolean;
  started?: boolean;
  restartCount: number;
  state: {
    running?: object;
    waiting?: { reason: string };
    terminated?: { exitCode: number; reason: string; message?: string };
  };
  lastState?: { terminated?: { exitCode: number } };
}

interface Pod {
  metadata: { uid: string };
  status: {
    phase: string;
    reason?: string;
    message?: string;
    conditions?: Array<{ type: string; status: string; reason?: string }>;
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

const shell = (name: string, script: string, more: object = {}) => ({
  name,
  image: 'rig-shell:1',
  args: [script],
  ...more,
});
const sidecar = (name: string, script: string, more: object = {}) =>
  shell(name, script, { restartPolicy: 'Always', ...more });

const podSpec = (containers: object[], more: object = {}) => ({
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 5,
  tolerations: [{ operator: 'Exists' }],
  nodeSelector: { 'kubernetes.io/hostname': node },
  containers,
  ...more,
});

/** A script that stays until SIGTERM and says so. */
// A shell that is not asked tells of a child that a signal ended, which the whole group got.
const stays = (word: string) =>
  `exec 2>/dev/null; trap 'echo ${word} ends; exit 0' TERM; echo ${word}; while :; do sleep 0.05; done`;

async function create(ns: string, name: string, spec: object, metadata: object = {}): Promise<void> {
  const { api } = await testCluster();
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
  await until(`the pod ${name} is taken`, () => api.call('POST', `/api/v1/namespaces/${ns}/pods`, body));
}

async function untilPod(ns: string, name: string, what: string, is: (pod: Pod) => unknown): Promise<Pod> {
  const { api } = await testCluster();
  return until(`the pod ${name} is ${what}`, async () => {
    const pod = await api.call<Pod>('GET', `/api/v1/namespaces/${ns}/pods/${name}`);
    if (is(pod)) return pod;
    throw new Error(JSON.stringify(pod.status));
  });
}

const inPhase = (phase: string) => (pod: Pod) => pod.status.phase === phase;
const first = (pod: Pod) => pod.status.containerStatuses?.[0];
const condition = (pod: Pod, type: string) => pod.status.conditions?.find((c) => c.type === type)?.status;

async function kubectl(ns: string, ...args: string[]): Promise<string> {
  const cluster = await testCluster();
  return cluster.kubectl(`--namespace=${ns}`, ...args);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const logs = (ns: string, name: string, container: string) => kubectl(ns, 'logs', name, `--container=${container}`);

test('a Job whose pod has a sidecar is Complete once the main container is, and the sidecar was ended after it', async (t) => {
  const ns = await testNamespace(t);
  const { api } = await testCluster();
  const spec = podSpec([shell('main', 'echo work')], {
    initContainers: [shell('init', 'echo prepared'), sidecar('sandbox', stays('sandbox'))],
  });
  await until('the Job is taken', () =>
    api.call('POST', `/apis/batch/v1/namespaces/${ns}/jobs`, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'job' },
      spec: { backoffLimit: 0, template: { spec } },
    }),
  );
  await until('the Job is Complete', async () => {
    const job = await api.call<{ status: { conditions?: Array<{ type: string }> } }>(
      'GET',
      `/apis/batch/v1/namespaces/${ns}/jobs/job`,
    );
    return job.status.conditions?.some(({ type }) => type === 'Complete');
  });
  const name = (await kubectl(ns, 'get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
  const pod = await untilPod(ns, name, 'Succeeded', inPhase('Succeeded'));
  const [init, side] = pod.status.initContainerStatuses ?? [];
  assert.equal(init?.state.terminated?.reason, 'Completed');
  assert.equal(side?.state.terminated?.exitCode, 0);
  assert.equal(await logs(ns, name, 'sandbox'), 'sandbox\nsandbox ends\n');
});

test('a sidecar with a startup probe holds the main container back, and Initialized says so', async (t) => {
  const ns = await testNamespace(t);
  const work = { volumeMounts: [{ name: 'work', mountPath: '/work' }] };
  const startupProbe = {
    exec: { command: ['/bin/sh', '-c', 'test -e $CONTAINER_SANDBOX_MOUNT_POINT/work/go'] },
    periodSeconds: 1,
    failureThreshold: 100,
  };
  await create(
    ns,
    'held',
    podSpec([shell('main', 'echo main', work)], {
      volumes: [{ name: 'work', emptyDir: {} }],
      initContainers: [sidecar('side', 'sleep 1000', { ...work, startupProbe })],
    }),
  );
  const early = await untilPod(ns, 'held', 'starting', (pod) => pod.status.initContainerStatuses?.[0]?.state.running);
  assert.equal(early.status.phase, 'Pending');
  assert.equal(early.status.initContainerStatuses?.[0]?.started, false);
  assert.equal(condition(early, 'Initialized'), 'False');
  assert.equal(first(early)?.state.waiting?.reason, 'PodInitializing');
  await kubectl(
    ns,
    'exec',
    'held',
    '--container=side',
    '--',
    '/bin/sh',
    '-c',
    'touch $CONTAINER_SANDBOX_MOUNT_POINT/work/go',
  );
  const pod = await untilPod(ns, 'held', 'Succeeded', inPhase('Succeeded'));
  assert.equal(condition(pod, 'Initialized'), 'True');
});

test('a liveness probe that fails restarts the container, and kubectl describe says why', async (t) => {
  const ns = await testNamespace(t);
  const livenessProbe = {
    exec: { command: ['/bin/sh', '-c', 'echo unwell; exit 3'] },
    periodSeconds: 1,
    failureThreshold: 1,
  };
  await create(
    ns,
    'sick',
    podSpec([shell('main', 'echo run; sleep 1000', { livenessProbe })], {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 10,
    }),
  );
  const pod = await untilPod(ns, 'sick', 'restarted', (pod) => (first(pod)?.restartCount ?? 0) > 0);
  assert.equal(first(pod)?.lastState?.terminated?.exitCode, 143);
  const described = await until('the events are there', async () => {
    const text = await kubectl(ns, 'describe', 'pod', 'sick');
    return /Unhealthy[\s\S]*Killing/.test(text) ? text : undefined;
  });
  assert.match(described, /Liveness probe failed: the command ended with 3: unwell/);
});

test('a pod deleted while its init container runs leaves the API only after that container has ended', async (t) => {
  const ns = await testNamespace(t);
  await create(
    ns,
    'young',
    podSpec([shell('main', 'true')], {
      terminationGracePeriodSeconds: 30,
      initContainers: [shell('init', "trap 'sleep 2; exit 0' TERM; echo init; while :; do sleep 0.05; done")],
    }),
  );
  await until('the init container runs', async () => (await logs(ns, 'young', 'init')) === 'init\n');
  const started = performance.now();
  await kubectl(ns, 'delete', 'pod', 'young');
  const took = performance.now() - started;
  assert.ok(took > 1_500 && took < 25_000, `the deletion took ${took} ms`);
});

test('a pod deleted by force while it ends is killed, and one of the same name runs at once', async (t) => {
  const ns = await testNamespace(t);
  const stubborn = podSpec([shell('main', 'trap "" TERM; echo $$ up; while :; do sleep 0.05; done')], {
    terminationGracePeriodSeconds: 600,
  });
  await create(ns, 'twin', stubborn);
  const before = await untilPod(ns, 'twin', 'Running', inPhase('Running'));
  await kubectl(ns, 'delete', 'pod', 'twin', '--wait=false');
  await kubectl(ns, 'delete', 'pod', 'twin', '--force', '--grace-period=0');
  await create(ns, 'twin', podSpec([shell('main', 'echo second')]));
  const pod = await untilPod(ns, 'twin', 'Succeeded', inPhase('Succeeded'));
  assert.notEqual(pod.metadata.uid, before.metadata.uid);
  assert.equal(await logs(ns, 'twin', 'main'), 'second\n');
});

test('a pod that outgrows its emptyDir is evicted, and its message says by how much', async (t) => {
  const ns = await testNamespace(t);
  await create(
    ns,
    'greedy',
    podSpec(
      [
        shell('main', 'head -c 4000000 /dev/zero > $CONTAINER_SANDBOX_MOUNT_POINT/work/file; sleep 1000', {
          volumeMounts: [{ name: 'work', mountPath: '/work' }],
        }),
      ],
      { volumes: [{ name: 'work', emptyDir: { sizeLimit: '1Mi' } }] },
    ),
  );
  const pod = await untilPod(ns, 'greedy', 'Failed', inPhase('Failed'));
  assert.equal(pod.status.reason, 'Evicted');
  assert.match(
    pod.status.message ?? '',
    /^The emptyDir volume "work" takes \S+ of the node's disk, more than its limit of 1Mi\.$/,
  );
  assert.equal(condition(pod, 'DisruptionTarget'), undefined);
});

test('labels and the last words of a container reach where they are asked for', async (t) => {
  const ns = await testNamespace(t);
  const script = `
    until test "$(cat $CONTAINER_SANDBOX_MOUNT_POINT/info/color)" = blue; do sleep 0.05; done
    printf "saw blue on $NODE" > $CONTAINER_SANDBOX_MOUNT_POINT/dev/termination-log; exit 3`;
  await create(
    ns,
    'labelled',
    podSpec(
      [
        shell('main', script, {
          env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
          volumeMounts: [{ name: 'info', mountPath: '/info' }],
        }),
      ],
      {
        volumes: [
          {
            name: 'info',
            downwardAPI: { items: [{ path: 'color', fieldRef: { fieldPath: "metadata.labels['color']" } }] },
          },
        ],
      },
    ),
    { labels: { color: 'red' } },
  );
  await untilPod(ns, 'labelled', 'Running', inPhase('Running'));
  await kubectl(ns, 'label', 'pod', 'labelled', 'color=blue', '--overwrite');
  const pod = await untilPod(ns, 'labelled', 'Failed', inPhase('Failed'));
  assert.equal(first(pod)?.state.terminated?.message, `saw blue on ${node}`);
});

test('a kubelet killed and started again finds sidecars, started and ready containers as they were', async (t) => {
  const ns = await testNamespace(t);
  const readinessProbe = { exec: { command: ['/bin/true'] }, periodSeconds: 1 };
  await create(
    ns,
    'kept',
    podSpec([shell('main', stays('main'), { readinessProbe })], {
      initContainers: [shell('init', 'echo init'), sidecar('side', stays('side'))],
    }),
  );
  await untilPod(ns, 'kept', 'ready', (pod) => condition(pod, 'Ready') === 'True');
  await kubelet.kill('SIGKILL');
  await kubelet.start();
  const pod = await untilPod(ns, 'kept', 'ready', (pod) => condition(pod, 'Ready') === 'True');
  const all = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  assert.deepEqual(
    all.map(({ name, restartCount, ready }) => ({ name, restartCount, ready })),
    ['init', 'side', 'main'].map((name) => ({ name, restartCount: 0, ready: true })),
  );
  assert.equal(await logs(ns, 'kept', 'init'), 'init\n');
  await kubectl(ns, 'delete', 'pod', 'kept');
});

test('pods deleted while the kubelet was away are ended by the next one: by grace, by force, and one whose name is taken again', async (t) => {
  const ns = await testNamespace(t);
  const { api } = await testCluster();
  const names = ['graceful', 'forced', 'replaced'];
  const pids: number[] = [];
  for (const name of names) await create(ns, name, podSpec([shell('main', stays(name))]));
  for (const name of names) {
    const { metadata } = await untilPod(ns, name, 'Running', inPhase('Running'));
    const started = join(kubelet.dataDir, 'pods', metadata.uid, 'containers/main/0/started.json');
    pids.push(JSON.parse(await readFile(started, 'utf8')).pid);
  }
  await kubelet.kill('SIGKILL');
  await kubectl(ns, 'delete', 'pod', 'graceful', '--wait=false');
  await kubectl(ns, 'delete', 'pod', 'forced', 'replaced', '--force', '--grace-period=0');
  await create(ns, 'replaced', podSpec([shell('main', 'echo second')]));
  assert.ok(pids.every(isAlive));
  await kubelet.start();
  await until('their processes are gone', () => !pids.some(isAlive));
  await untilPod(ns, 'replaced', 'Succeeded', inPhase('Succeeded'));
  await until('the API has the new one alone', async () => {
    const { items } = await api.call<{ items: unknown[] }>('GET', `/api/v1/namespaces/${ns}/pods`);
    return items.length === 1;
  });
});

test("virtual-kubelet's own end-to-end suite passes, unchanged, against the node", { timeout: 200_000 }, async (t) => {
  const ns = await testNamespace(t);
  const { kubeconfigPath } = await testCluster();
  const { stdout } = await promisify(execFile)(
    'go',
    ['test', '-trimpath', '-vet=off', '-count=1', '-failfast', '-timeout=90s', '-v', './upstream'],
    {
      cwd: import.meta.dirname,
      signal: t.signal,
      env: {
        ...process.env,
        // This and -trimpath as the kubelet is built, so that what both need is not compiled again.
        CGO_ENABLED: '0',
        RIG_SUITE_KUBECONFIG: kubeconfigPath,
        RIG_SUITE_NODE: node,
        RIG_SUITE_NAMESPACE: ns,
      },
      maxBuffer: 64 << 20,
    },
  ).catch((failed: { stdout?: string; stderr?: string; message: string }) => {
    throw new Error(`${failed.message}\n${failed.stdout}\n${failed.stderr}`);
  });
  const passed = stdout.match(/^ {4}--- PASS: \S+/gm) ?? [];
  assert.ok(passed.length >= 9, stdout);
  assert.doesNotMatch(stdout, /--- SKIP/);
});
