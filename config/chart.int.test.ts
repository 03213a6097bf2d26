import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { chartFiles } from '../hack/generate/chart/index.ts';
import { ensureBinary } from '../hack/go/build.mjs';

const root = join(import.meta.dirname, '..');
const chart = join(root, 'charts', 'rig');

interface Rendered {
  kind: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec?: object;
}

let helm: (...args: string[]) => Promise<string>;
let kustomize: (folder: string) => Promise<Rendered[]>;

const run = promisify(execFile);
const maxBuffer = 2 ** 26;
const objects = (text: string) =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((one) => one !== null);
// A helm that was not built by its release process takes itself for one of a Kubernetes of years ago.
const templateText = (...args: string[]) => helm('template', 'rig', chart, '--kube-version', '1.33.0', ...args);
const template = async (...args: string[]) => objects(await templateText(...args));

before(async () => {
  const [binary, controlplane] = await Promise.all([ensureBinary('helm'), ensureBinary('controlplane')]);
  helm = async (...args) => (await run(binary, args, { maxBuffer })).stdout;
  kustomize = async (folder) =>
    objects((await run(controlplane, ['kubectl', 'kustomize', join(root, folder)], { maxBuffer })).stdout);
});

/** What only one of the two forms writes. */
const OF_HELM = ['app.kubernetes.io/managed-by', 'helm.sh/chart', 'helm.sh/resource-policy'];

function comparable(rendered: Rendered[]): Map<string, unknown> {
  const text = JSON.stringify(rendered, (key, value) => (OF_HELM.includes(key) ? undefined : value));
  const cleaned = JSON.parse(text) as Rendered[];
  return new Map(
    cleaned
      .filter(({ kind }) => kind !== 'Namespace')
      .map((object) => {
        const { annotations } = object.metadata;
        if (annotations && Object.keys(annotations).length === 0) delete object.metadata.annotations;
        return [`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, object];
      }),
  );
}

test('helm lint has nothing to say of the chart', async () => {
  const said = await helm('lint', '--strict', chart);
  assert.match(said, /1 chart\(s\) linted, 0 chart\(s\) failed/);
});

test('the chart with its defaults renders the objects of config/default', async () => {
  const [ofChart, ofKustomize] = await Promise.all([
    template('--namespace', 'rig-system'),
    kustomize('config/default'),
  ]);
  const [one, other] = [comparable(ofChart), comparable(ofKustomize)];
  assert.deepEqual([...one.keys()].sort(), [...other.keys()].sort());
  for (const [name, object] of one) assert.deepEqual(object, other.get(name), name);
});

test('in another namespace nothing of the chart names the one of the source', async () => {
  const text = await templateText('--namespace', 'blue', '--set', 'crds.install=false');
  assert.ok(
    !text.includes('rig-system'),
    text.split('\n').find((line) => line.includes('rig-system')),
  );
  assert.ok(text.includes('http://rig-conductor.blue.svc:8080'));
});

test('the tenant of the page of the install is a namespace of that name, in which the conductor of rig-system has its rights', async (t) => {
  const page = readFileSync(join(root, 'docs/install.md'), 'utf8');
  const text = /^```yaml\n(.*?kind: Kustomization.*?)^```/ms.exec(page)?.[1] ?? '';
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'rig-tenant-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const here = relative(folder, join(root, 'config'));
  writeFileSync(join(folder, 'kustomization.yaml'), text.replaceAll('../../config', here));
  const rendered = await kustomize(relative(root, folder));
  assert.deepEqual(
    rendered.map(({ kind, metadata: { name, namespace } }) => `${kind} ${namespace ?? ''}/${name}`).sort(),
    [
      'Namespace /blue',
      'NetworkPolicy blue/rig-default-deny',
      'NetworkPolicy blue/rig-task',
      'NetworkPolicy blue/rig-verify',
      'ResourceQuota blue/rig-approvals',
      'RoleBinding blue/rig-tenant',
      'RoleBinding blue/rig-tenant-intake',
      'ServiceAccount blue/rig-agent',
    ],
  );
  const bindings = rendered.filter(({ kind }) => kind === 'RoleBinding') as unknown as { subjects: object[] }[];
  for (const { subjects } of bindings) assert.match(JSON.stringify(subjects), /"namespace":"rig-system"/);
});

test('every object of both forms is labelled with its name, its whole and its version', async () => {
  for (const { kind, metadata } of [...(await template()), ...(await kustomize('config/default'))]) {
    const { labels } = metadata;
    assert.equal(labels['app.kubernetes.io/part-of'], 'rig', `${kind} ${metadata.name}`);
    assert.equal(labels['app.kubernetes.io/name'], 'rig');
    assert.equal(labels['app.kubernetes.io/version'], 'v0.1.0');
  }
});

test('values change what they say: replicas, images, a Secret, the kinds kept or left out', async () => {
  const set = [
    'conductor.replicas=3',
    'image.registry=registry.example/rig',
    'image.tag=v9',
    'proxy.providerSecret=mine',
    'crds.install=false',
    'podDisruptionBudgets.enabled=false',
    'conductor.taskDeadlineSeconds=900000',
  ];
  const rendered = await template(...set.flatMap((one) => ['--set', one]));
  const text = JSON.stringify(rendered);
  const conductor = rendered.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'rig-conductor');
  assert.equal((conductor?.spec as { replicas?: number } | undefined)?.replicas, 3);
  for (const part of [
    '"image":"registry.example/rig/rig-conductor:v9"',
    '"secretName":"mine"',
    '{"name":"RIG_TASK_DEADLINE_SECONDS","value":"900000"}',
  ])
    assert.ok(text.includes(part), part);
  assert.ok(!rendered.some(({ kind }) => ['CustomResourceDefinition', 'PodDisruptionBudget'].includes(kind)));
});

/** What somebody might write, and the one line that tells them. */
const BAD_VALUES: Readonly<Record<string, string>> = {
  'conductor.replica=3': "at '/conductor': additional properties 'replica' not allowed",
  'conductr.replicas=3': "at '': additional properties 'conductr' not allowed",
  'conductor.replicas=many': "at '/conductor/replicas': got string, want integer",
  'conductor.taskDeadlineSeconds=-1': "at '/conductor/taskDeadlineSeconds': minimum: got -1, want 0",
  'conductor.externalUrl=rig.example': "at '/conductor/externalUrl': 'rig.example' does not match pattern",
  'conductor.databaseSecret=postgres://db': "at '/conductor/databaseSecret': 'postgres://db' does not match pattern",
  'image.pullPolicy=always': "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
  'image.registry=ghcr.io/': "at '/image/registry': 'ghcr.io/' does not match pattern",
  'image.pullSecrets={mine}': "at '/image/pullSecrets/0': got string, want object",
  'proxy.upstreamUrl=': "at '/proxy/upstreamUrl': '' does not match pattern",
  'egress.allowRanges=10.0.0.0': "at '/egress/allowRanges': '10.0.0.0' does not match pattern",
  'webhooks.enabled=perhaps': "at '/webhooks/enabled': got string, want boolean",
};

test('a value that is unknown, of another type or of another form is refused in one line with its place', async () => {
  for (const [value, line] of Object.entries(BAD_VALUES)) {
    const refusal = await template('--set', value).then(
      () => assert.fail(`${value} is taken`),
      (error: { stderr: string }) => error.stderr,
    );
    const lines = refusal.split('\n').filter((one) => one.startsWith('- at '));
    assert.equal(lines.length, 1, refusal);
    assert.ok(lines[0]?.includes(line), `${value}: ${lines[0]}`);
  }
});

test('a cluster that is too old is refused with the version that is needed', async () => {
  const old = helm('template', 'rig', chart, '--kube-version', '1.32.9');
  await assert.rejects(old, /chart requires kubeVersion: >=1\.33\.0-0 which is incompatible with Kubernetes v1\.32\.9/);
});

test('without webhooks, or with another’s certificate, no ServiceAccount has a right on admission', async () => {
  for (const value of ['webhooks.enabled=false', 'webhooks.certificates=false']) {
    const rendered = await template('--set', value, '--set', 'crds.install=false');
    assert.ok(!rendered.some(({ metadata }) => metadata.name === 'rig-certificates'), value);
    // People of rig:root say whom the API server asks; what protects is not switched off with advice.
    const others = rendered.filter(({ metadata }) => metadata.name !== 'rig-admission-root');
    assert.ok(!JSON.stringify(others).includes('"admissionregistration.k8s.io"'), value);
    assert.ok(
      rendered.some(
        ({ kind, metadata }) => kind === 'ValidatingWebhookConfiguration' && metadata.name === 'rig-verifier',
      ),
    );
  }
});

test('the chart has no template that is not generated', () => {
  const expected = chartFiles(root).map(({ path }) => path);
  for (const file of globSync('charts/rig/templates/*.yaml', { cwd: root })) assert.ok(expected.includes(file), file);
  assert.ok(existsSync(join(chart, 'templates', 'NOTES.txt')));
});
