import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { GLOBAL_V6, INSIDE_V4, TUNNELS_V6 } from '#lib/http';
import { testCluster } from '../test/kit/cluster.ts';
import { type End, mayReach, type NetworkPolicy } from './network.int-kit.ts';

const rig = 'rig.dashecorp.com';
const pod = (namespace: string, labels: Record<string, string>): End => ({
  namespace,
  of: {
    'kubernetes.io/metadata.name': namespace,
    ...(namespace.startsWith('tenant-') ? { [`${rig}/tenant`]: 'true' } : {}),
  },
  labels,
});
const program = (component: string, namespace = 'rig-system') =>
  pod(namespace, { 'app.kubernetes.io/part-of': 'rig', 'app.kubernetes.io/component': component });

const ends = {
  task: pod('tenant-sample', { [`${rig}/task`]: 'i7-implement-1-1' }),
  'another task': pod('tenant-sample', { [`${rig}/task`]: 'i8-implement-1-1' }),
  check: pod('tenant-sample', { [`${rig}/verify`]: 'smoke' }),
  'a pod of the tenant': pod('tenant-sample', {}),
  stranger: pod('default', { [`${rig}/task`]: 'pretended' }),
  conductor: program('conductor'),
  proxy: program('proxy'),
  egress: program('egress'),
  verifier: program('verifier', 'rig-verifier'),
  dns: pod('kube-system', { 'k8s-app': 'kube-dns' }),
  'a system pod': pod('kube-system', {}),
  prometheus: pod('monitoring', {}),
  'a policy engine': pod('kyverno', {}),
  'a pod beside the rig': pod('rig-system', {}),
  internet: { ip: '93.184.215.14' },
  'internet by IPv6': { ip: '2606:4700::1111' },
  'metadata service': { ip: '169.254.169.254' },
  'a private host': { ip: '10.1.2.3' },
  'a private host by IPv6': { ip: 'fd00::1' },
} as const satisfies Record<string, End>;
type Name = keyof typeof ends;

/** Who may reach whom, written by hand; ports that are not listed are closed. */
const OPEN: [from: Name, to: Name, port: string][] = [
  ['task', 'dns', 'UDP/53'],
  ['task', 'dns', 'TCP/53'],
  ['task', 'conductor', 'TCP/8080'],
  ['task', 'proxy', 'TCP/8082'],
  ['task', 'egress', 'TCP/8083'],
  ['another task', 'egress', 'TCP/8083'],
  ['check', 'dns', 'UDP/53'],
  ['check', 'internet', 'TCP/443'],
  ['check', 'internet', 'TCP/80'],
  ['check', 'internet by IPv6', 'TCP/443'],
  ['egress', 'dns', 'UDP/53'],
  ['egress', 'conductor', 'TCP/8080'],
  ['egress', 'internet', 'TCP/443'],
  ['egress', 'internet', 'TCP/80'],
  ['egress', 'internet by IPv6', 'TCP/443'],
  ['egress', 'a private host', 'TCP/5432'],
  ['proxy', 'internet', 'TCP/443'],
  ['proxy', 'conductor', 'TCP/8080'],
  ['conductor', 'internet', 'TCP/443'],
  ['internet', 'conductor', 'TCP/8080'],
  ['a private host', 'conductor', 'TCP/9443'],
  ['stranger', 'conductor', 'TCP/8080'],
  ['prometheus', 'conductor', 'TCP/9464'],
  ['prometheus', 'proxy', 'TCP/9464'],
  ['prometheus', 'egress', 'TCP/9464'],
  ['internet', 'verifier', 'TCP/8084'],
  ['a private host', 'verifier', 'TCP/9443'],
  ['a policy engine', 'verifier', 'TCP/9443'],
  ['prometheus', 'verifier', 'TCP/9464'],
  ['verifier', 'internet', 'TCP/443'],
];
const CLOSED: typeof OPEN = [
  ['task', 'internet', 'TCP/443'],
  ['task', 'internet by IPv6', 'TCP/443'],
  ['task', 'internet', 'UDP/53'],
  ['task', 'metadata service', 'TCP/80'],
  ['task', 'a private host', 'TCP/443'],
  ['task', 'another task', 'TCP/8080'],
  ['task', 'stranger', 'TCP/8080'],
  ['task', 'a system pod', 'UDP/53'],
  ['task', 'dns', 'TCP/443'],
  ['task', 'conductor', 'TCP/9464'],
  ['task', 'conductor', 'TCP/9443'],
  ['task', 'proxy', 'TCP/9464'],
  ['task', 'proxy', 'TCP/8083'],
  ['task', 'a pod beside the rig', 'TCP/5432'],
  ['task', 'verifier', 'TCP/8084'],
  ['task', 'verifier', 'TCP/9443'],
  ['task', 'verifier', 'TCP/9464'],
  ['check', 'internet', 'TCP/22'],
  ['check', 'metadata service', 'TCP/80'],
  ['check', 'a private host', 'TCP/443'],
  ['check', 'a private host by IPv6', 'TCP/443'],
  ['check', 'conductor', 'TCP/8080'],
  ['check', 'proxy', 'TCP/8082'],
  ['check', 'egress', 'TCP/8083'],
  ['check', 'task', 'TCP/8080'],
  ['task', 'check', 'TCP/8080'],
  ['internet', 'check', 'TCP/8080'],
  ['a pod of the tenant', 'dns', 'UDP/53'],
  ['a pod of the tenant', 'conductor', 'TCP/8080'],
  ['a pod of the tenant', 'egress', 'TCP/8083'],
  ['stranger', 'task', 'TCP/8080'],
  ['stranger', 'proxy', 'TCP/8082'],
  ['stranger', 'egress', 'TCP/8083'],
  ['conductor', 'task', 'TCP/8080'],
  ['conductor', 'egress', 'TCP/8083'],
  ['prometheus', 'proxy', 'TCP/8082'],
  ['internet', 'proxy', 'TCP/8082'],
  ['internet', 'egress', 'TCP/8083'],
  ['internet', 'task', 'TCP/8080'],
  ['egress', 'metadata service', 'TCP/80'],
  ['egress', 'a private host', 'TCP/443'],
  ['egress', 'a private host by IPv6', 'TCP/443'],
  ['egress', 'task', 'TCP/8080'],
  ['egress', 'proxy', 'TCP/8082'],
  ['egress', 'a system pod', 'UDP/53'],
];

let policies: NetworkPolicy[];

before(async () => {
  const cluster = await testCluster();
  for (const folder of ['crd', 'rbac', 'network', 'tenant'])
    await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, folder));
  const found = JSON.parse(await cluster.kubectl('get', 'networkpolicies', '-A', '-o', 'json'));
  policies = found.items.filter(({ metadata }: NetworkPolicy) =>
    ['rig-system', 'rig-verifier', 'tenant-sample'].includes(metadata.namespace),
  );
});

test('the API server takes every policy as it is written', () => {
  assert.deepEqual(policies.map(({ metadata }) => metadata.name).sort(), [
    'rig-conductor',
    'rig-default-deny',
    'rig-egress',
    'rig-proxy',
    'rig-task',
    'rig-verifier',
    'rig-verify',
  ]);
});

test('tasks, programs and the world reach each other as the table says', () => {
  for (const [rows, open] of [
    [OPEN, true],
    [CLOSED, false],
  ] as const)
    for (const [from, to, port] of rows)
      assert.equal(mayReach(policies, ends[from], ends[to], port), open, `${from} to ${to} on ${port}`);
});

test('the policies of the way out and of checks refuse the ranges that the egress program refuses, and no others', () => {
  for (const name of ['rig-egress', 'rig-verify']) {
    const { spec } = policies.find(({ metadata }) => metadata.name === name)!;
    const blocks = spec.egress!.flatMap(({ to = [] }) => to.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : [])));
    assert.deepEqual(
      blocks,
      [
        { cidr: '0.0.0.0/0', except: INSIDE_V4 },
        { cidr: GLOBAL_V6, except: TUNNELS_V6 },
      ],
      name,
    );
  }
});

test('a task reaches nothing but DNS and the three doors, whatever the port', () => {
  const ports = [22, 53, 80, 443, 2379, 5432, 6443, 8080, 8082, 8083, 9443, 9464, 10250];
  const reached = Object.entries(ends).flatMap(([name, end]) =>
    ports.flatMap((port) =>
      ['TCP', 'UDP']
        .filter((protocol) => mayReach(policies, ends.task, end, `${protocol}/${port}`))
        .map((p) => `${name} ${p}/${port}`),
    ),
  );
  assert.deepEqual(reached.sort(), [
    'conductor TCP/8080',
    'dns TCP/53',
    'dns UDP/53',
    'egress TCP/8083',
    'proxy TCP/8082',
  ]);
});

test('without the default deny a pod of the tenant that is no task reaches everything: the table would see it', () => {
  const open = policies.filter(({ metadata }) => metadata.name !== 'rig-default-deny');
  assert.equal(mayReach(open, ends['a pod of the tenant'], ends.internet, 'TCP/443'), true);
});
