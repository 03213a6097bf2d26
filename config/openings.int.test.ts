import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { readSource } from '../hack/generate/chart/source.ts';
import { ensureBinary } from '../hack/go/build.mjs';
import { type End, mayReach, type NetworkPolicy } from './network.int-kit.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const program = (component: string): End => ({
  namespace: 'rig-system',
  of: { 'kubernetes.io/metadata.name': 'rig-system' },
  labels: { 'app.kubernetes.io/part-of': 'rig', 'app.kubernetes.io/component': component },
});
const wayOut = program('egress');
const collector = { ip: '10.1.2.3' };
const nodeDNS = { ip: '169.254.20.10' };

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Deployment {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
      };
    };
  };
}

let template: (values: Readonly<Record<string, unknown>>) => Promise<Deployment[]>;
const policies = (rendered: readonly object[]) =>
  rendered.filter((one) => (one as Deployment).kind === 'NetworkPolicy') as unknown as NetworkPolicy[];
const told = (rendered: Deployment[], name: string, variable: string) =>
  podOf(rendered, name).containers[0]?.env.find((one) => one.name === variable)?.value;

function podOf(rendered: Deployment[], name: string) {
  const found = rendered.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `rig-${name}`);
  assert.ok(found, name);
  return found.spec.template.spec;
}

before(async () => {
  const helm = await ensureBinary('helm');
  template = async (values) => {
    const set = Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);
    const args = ['template', 'rig', join(root, 'charts/rig'), '--namespace', 'rig-system', '--kube-version', '1.33.0'];
    const { stdout } = await run(helm, [...args, ...set], { maxBuffer: 2 ** 26 });
    return parseAllDocuments(stdout).flatMap((document) => (document.toJS() as Deployment | null) ?? []);
  };
});

test('what the values open to the way out is open, each by its own value and nothing else', async () => {
  const rows: [Record<string, unknown>, End, string][] = [
    [{ 'database.port': 6432 }, collector, 'TCP/6432'],
    [{ 'dns.peers': [{ ipBlock: { cidr: '169.254.20.10/32' } }] }, nodeDNS, 'UDP/53'],
    [
      {
        'networkPolicies.extraEgress': [
          { to: [{ ipBlock: { cidr: '10.1.2.0/24' } }], ports: [{ protocol: 'TCP', port: 4318 }] },
        ],
      },
      collector,
      'TCP/4318',
    ],
  ];
  const closed = policies(await template({}));
  for (const [values, to, port] of rows) {
    const open = policies(await template(values));
    assert.deepEqual([mayReach(closed, wayOut, to, port), mayReach(open, wayOut, to, port)], [false, true], port);
    for (const other of ['TCP/22', 'TCP/443']) assert.equal(mayReach(open, wayOut, to, other), false, other);
  }
});

test('with another port of PostgreSQL the usual one is closed', async () => {
  const rendered = policies(await template({ 'database.port': 6432 }));
  assert.equal(mayReach(rendered, wayOut, collector, 'TCP/5432'), false);
});

test('agents are told the URLs that the values give, and the Services where they give none', async () => {
  const given = { conductor: 'https://rig.example', proxy: 'https://models.example', egress: 'https://out.example' };
  const rendered = await template(
    Object.fromEntries(Object.entries(given).map(([name, url]) => [`${name}.externalUrl`, url])),
  );
  const defaults = await template({});
  for (const [variable, name, port] of [
    ['RIG_EXTERNAL_URL', 'conductor', 8080],
    ['RIG_PROXY_URL', 'proxy', 8082],
    ['RIG_EGRESS_URL', 'egress', 8083],
  ] as const) {
    assert.equal(told(rendered, 'conductor', variable), given[name]);
    assert.equal(told(defaults, 'conductor', variable), `http://rig-${name}.rig-system.svc:${port}`);
  }
});

test('a Secret of certificate authorities is mounted into every program, and Node is told of it; without one it is not', async () => {
  const [with_, without] = [await template({ 'tls.caSecret': 'our-ca' }), await template({})];
  for (const name of ['conductor', 'proxy', 'egress']) {
    const { containers, volumes } = podOf(with_, name);
    const mount = containers[0]?.volumeMounts.find((one) => one.name === 'ca');
    assert.equal(volumes.find((one) => one.name === 'ca')?.secret?.secretName, 'our-ca');
    assert.equal(told(with_, name, 'NODE_EXTRA_CA_CERTS'), `${mount?.mountPath}/ca.crt`);
    assert.equal(told(without, name, 'NODE_EXTRA_CA_CERTS'), '');
  }
});

test('the policy of the page of the install opens to tasks what it says, and no more', () => {
  const page = readFileSync(join(root, 'docs/install.md'), 'utf8');
  const text = /^```yaml\n([^`]*?kind: NetworkPolicy.*?)^```/ms.exec(page)?.[1] ?? '';
  const extra = parse(text) as NetworkPolicy;
  const { namespace } = extra.metadata;
  const tenant = policies(readSource(join(root, 'config/tenant')).flatMap((file) => file.manifests)).map((one) => ({
    ...one,
    metadata: { ...one.metadata, namespace },
  }));
  const task: End = { namespace, of: {}, labels: { 'rig.dashecorp.com/task': 'i7-implement-1-1' } };
  const stranger: End = { ...task, labels: {} };
  for (const [end, port] of [
    [nodeDNS, 'UDP/53'],
    [collector, 'TCP/4318'],
    [{ ip: '203.0.113.7' }, 'TCP/443'],
  ] as const) {
    assert.equal(mayReach(tenant, task, end, port), false);
    assert.equal(mayReach([...tenant, extra], task, end, port), true, port);
    assert.equal(mayReach([...tenant, extra], stranger, end, port), false);
    assert.equal(mayReach([...tenant, extra], task, end, 'TCP/22'), false);
  }
});
