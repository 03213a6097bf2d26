import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { clusterLife, testCluster, testNamespace } from '../test/kit/cluster.ts';
import { testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { adminCredential, askKubelet, type Credential, runPod, shellImage, shellPod } from './pods.int-kit.ts';

const node = `host-${randomBytes(3).toString('hex')}`;

before(async () => {
  await testKubelet(clusterLife, node, shellImage);
});

const asked = [
  'GET /healthz',
  'GET /pods',
  'GET /stats/summary',
  'GET /metrics',
  'GET /metrics/resource',
  'GET /containerLogs/NS/target/main',
  'POST /exec/NS/target/main?command=true&output=1',
  'GET /exec/NS/target/main?command=true&output=1',
  'POST /attach/NS/target/main?output=1',
  'POST /portForward/NS/target',
  'GET /configz',
] as const;

/** What each may do, written by hand; y: let in, n: 403, -: 401. One letter per line of `asked`. */
const expected = {
  anonymous: '-----------',
  'a token nobody signed': '-----------',
  "a tenant's ServiceAccount": 'nnnnnnnnnnn',
  'who reads nodes/metrics, as metrics-server does': 'nnnyynnnnnn',
  'who reads nodes/stats': 'nnynnnnnnnn',
  'who reads nodes/pods and nodes/healthz': 'yynnnnnnnnn',
  'who reads nodes/proxy': 'yynnnynnnny',
  'who may everything on nodes/proxy': 'yynnnyyyyyy',
  'who may create pods/exec in its namespace': 'nnnnnnnnnnn',
  'the group of the API server': 'yyyyyyyyyyy',
};

const rules: Record<string, Array<{ resources: string[]; verbs: string[] }>> = {
  'who reads nodes/metrics, as metrics-server does': [{ resources: ['nodes/metrics'], verbs: ['get'] }],
  'who reads nodes/stats': [{ resources: ['nodes/stats'], verbs: ['get'] }],
  'who reads nodes/pods and nodes/healthz': [{ resources: ['nodes/pods', 'nodes/healthz'], verbs: ['get'] }],
  'who reads nodes/proxy': [{ resources: ['nodes/proxy'], verbs: ['get'] }],
  'who may everything on nodes/proxy': [{ resources: ['nodes/proxy'], verbs: ['*'] }],
};

/** A ServiceAccount of the namespace with cluster-wide rules, and its token. */
async function account(t: { after(end: () => unknown): void }, ns: string, index: number, who: string) {
  const { api, kubectl } = await testCluster();
  const name = `account-${index}`;
  await kubectl('create', 'serviceaccount', name, '-n', ns);
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const meta = { name: `${ns}-${name}` };
  if (rules[who]) {
    const clusterRules = rules[who].map((rule) => ({ apiGroups: [''], ...rule }));
    await api.call('POST', `${rbac}/clusterroles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: meta,
      rules: clusterRules,
    });
    await kubectl(
      'create',
      'clusterrolebinding',
      meta.name,
      `--clusterrole=${meta.name}`,
      `--serviceaccount=${ns}:${name}`,
    );
    t.after(() => kubectl('delete', 'clusterrole,clusterrolebinding', meta.name));
  }
  if (who === 'who may create pods/exec in its namespace') {
    await kubectl(
      'create',
      'role',
      name,
      '-n',
      ns,
      '--verb=create,get',
      '--resource=pods/exec,pods/attach,pods/portforward',
    );
    await kubectl('create', 'rolebinding', name, '-n', ns, `--role=${name}`, `--serviceaccount=${ns}:${name}`);
  }
  return { token: (await kubectl('create', 'token', name, '-n', ns)).trim() };
}

const letter = (status: number) => (status === 401 ? '-' : status === 403 ? 'n' : 'y');

test('each caller is let in where the table says, by real requests to the kubelet’s port', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'target', shellPod(node, 'sleep 1000'));
  const found: Record<string, string> = {};
  for (const [index, who] of Object.keys(expected).entries()) {
    let credential: Credential;
    if (who === 'anonymous') credential = {};
    else if (who === 'a token nobody signed') credential = { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.' };
    else if (who === 'the group of the API server') credential = await adminCredential();
    else credential = await account(t, ns, index, who);
    found[who] = '';
    for (const line of asked) {
      const [method = '', path = ''] = line.replace('NS', ns).split(' ');
      found[who] += letter((await askKubelet(node, method, path, credential)).status);
    }
  }
  assert.deepEqual(found, expected);
});

test('who may exec through the API server needs nothing on the node itself', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'target', shellPod(node, 'sleep 1000'));
  const { kubectl } = await testCluster();
  await kubectl('create', 'role', 'exec', '-n', ns, '--verb=create,get', '--resource=pods,pods/exec');
  await kubectl('create', 'rolebinding', 'exec', '-n', ns, '--role=exec', '--user=jane');
  assert.equal(await kubectl('exec', '-n', ns, 'target', '--as=jane', '--', 'echo', 'in'), 'in\n');
  await assert.rejects(kubectl('exec', '-n', ns, 'target', '--as=john', '--', 'echo', 'in'), /forbidden/);
});

test('the summary and the series of metrics-server name a pod that runs here, and no node of this machine is proxied', async (t) => {
  const ns = await testNamespace(t);
  const script = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 1000';
  await runPod(ns, 'busy', shellPod(node, script));
  const credential = await adminCredential();
  const read = async (path: string) => (await askKubelet(node, 'GET', path, credential)).body;
  const series = new RegExp(
    `^container_cpu_usage_seconds_total\\{container="main",pod="busy",namespace="${ns}"\\} \\d`,
    'm',
  );
  const text = await until('the container has used measurable time', async () => {
    const now = await read('/metrics/resource');
    return series.test(now) ? now : '';
  });
  assert.match(text, /^node_memory_working_set_bytes [1-9]/m);
  const summary = JSON.parse(await read('/stats/summary')) as {
    node: { nodeName: string };
    pods: Array<{ podRef: { name: string; namespace: string }; memory: { workingSetBytes: number } }>;
  };
  assert.equal(summary.node.nodeName, node);
  const mine = summary.pods.find(({ podRef }) => podRef.namespace === ns && podRef.name === 'busy');
  assert.ok((mine?.memory.workingSetBytes ?? 0) > 0);
  assert.match(await read('/metrics'), /^rig_kubelet_pods\{phase="Running"\} [1-9]/m);
  const { kubectl } = await testCluster();
  // An API server forwards to no loopback address, and this node has no other.
  await assert.rejects(kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`), /address not allowed/);
});
