import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resources } from '#crds';
import { type Manifest, readSource } from '../hack/generate/chart/source.ts';
import { images } from '../hack/images/images.mjs';
import { sourcesOf } from '../hack/images/sources.mjs';

const root = join(import.meta.dirname, '..');
const manifests = readSource(join(root, 'config/default')).flatMap((file) => file.manifests);
const of = (kind: string) => manifests.filter((one) => one.kind === kind);
const named = (kind: string, name: string) => of(kind).find(({ metadata }) => metadata.name === name);

interface Probe {
  readonly httpGet?: { readonly port: string; readonly path: string };
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { requests?: Record<string, string>; limits?: Record<string, string> };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly securityContext: Record<string, unknown>;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly priorityClassName?: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly Container[];
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly volumes?: readonly { name: string; emptyDir?: { sizeLimit?: string }; secret?: { defaultMode?: number } }[];
  readonly [field: string]: unknown;
}

interface Template {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: PodSpec;
}

interface Pod {
  readonly owner: Manifest;
  readonly template: Template;
  readonly isServer: boolean;
}

const templateOf = ({ kind, spec }: Manifest) =>
  (kind === 'CronJob'
    ? (spec as { jobTemplate: { spec: { template: Template } } }).jobTemplate.spec
    : (spec as { template: Template })
  ).template;

const pods: Pod[] = manifests
  .filter(({ kind }) => ['Deployment', 'CronJob', 'StatefulSet', 'DaemonSet', 'Job'].includes(kind))
  .map((owner) => ({ owner, template: templateOf(owner), isServer: owner.kind === 'Deployment' }));

const portsOf = (service: string) =>
  ((named('Service', service)?.spec as { ports: { port: number }[] } | undefined)?.ports ?? []).map(({ port }) => port);
const containerOf = ({ template }: Pod) => template.spec.containers[0] as Container;
const seconds = ({ lifecycle }: Container) => lifecycle?.preStop?.sleep?.seconds ?? 0;

/** What every pod has to be; each is a sentence that is true of it. */
const OF_EVERY_POD: Readonly<Record<string, (pod: Pod) => boolean>> = {
  'has one container': ({ template }) => template.spec.containers.length === 1,
  'is nobody, by number': ({ template: { spec } }) =>
    spec.securityContext.runAsNonRoot === true && Number(spec.securityContext.runAsUser) > 0,
  'has the runtime’s seccomp profile': ({ template: { spec } }) =>
    (spec.securityContext.seccompProfile as { type?: string } | undefined)?.type === 'RuntimeDefault',
  'cannot gain privileges': (pod) => containerOf(pod).securityContext.allowPrivilegeEscalation === false,
  'has no capability': (pod) =>
    JSON.stringify(containerOf(pod).securityContext.capabilities) === JSON.stringify({ drop: ['ALL'] }),
  'has a root that is read-only': (pod) => containerOf(pod).securityContext.readOnlyRootFilesystem === true,
  'shares nothing with its host': ({ template: { spec } }) =>
    !['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'].some((field) => field in spec),
  'mounts secrets and bounded scratch space alone': ({ template: { spec } }) =>
    (spec.volumes ?? []).every(
      ({ emptyDir, secret }) => emptyDir?.sizeLimit !== undefined || secret?.defaultMode === 0o440,
    ),
  'mounts secrets read-only': (pod) =>
    (containerOf(pod).volumeMounts ?? []).every(
      ({ mountPath, readOnly }) => !mountPath.startsWith('/etc/') || readOnly === true,
    ),
  'asks for processor and memory': (pod) => {
    const { requests = {} } = containerOf(pod).resources;
    return 'cpu' in requests && 'memory' in requests;
  },
  'is bounded in memory and not in processor': (pod) => {
    const { limits = {} } = containerOf(pod).resources;
    return 'memory' in limits && !('cpu' in limits);
  },
  'has an identity of the install': ({ template: { spec } }) =>
    named('ServiceAccount', spec.serviceAccountName)?.automountServiceAccountToken === false,
  'has a token only where its identity has a rule': ({ template: { spec } }) =>
    spec.automountServiceAccountToken === isBound(spec.serviceAccountName),
  'is not told of every Service': ({ template: { spec } }) => spec.enableServiceLinks === false,
  'has no secret in its environment': (pod) =>
    containerOf(pod).env.every((one) => !/secretKeyRef|configMapKeyRef/.test(JSON.stringify(one))),
  'pulls a named version when it is not there': (pod) =>
    containerOf(pod).imagePullPolicy === 'IfNotPresent' && !/:latest$/.test(containerOf(pod).image),
};

/** What is more of a Deployment. */
const OF_EVERY_SERVER: Readonly<Record<string, (pod: Pod) => boolean>> = {
  'has two replicas, and loses none in a roll-out': ({ owner: { spec } }) => {
    const { replicas, strategy } = spec as { replicas: number; strategy: { rollingUpdate: object } };
    return replicas === 2 && JSON.stringify(strategy.rollingUpdate) === '{"maxUnavailable":0,"maxSurge":1}';
  },
  'has three probes on ports that it names': (pod) => {
    const { startupProbe, readinessProbe, livenessProbe, ports = [] } = containerOf(pod);
    return [startupProbe, readinessProbe, livenessProbe].every(({ httpGet } = {}) =>
      ports.some(({ name }) => name === httpGet?.port),
    );
  },
  'is alive by another answer than ready': (pod) =>
    containerOf(pod).livenessProbe?.httpGet?.path === '/healthz' &&
    containerOf(pod).readinessProbe?.httpGet?.path === '/readyz',
  'leaves its Service before it ends, with time for both': (pod) =>
    seconds(containerOf(pod)) >= 5 && pod.template.spec.terminationGracePeriodSeconds >= seconds(containerOf(pod)) + 20,
  'is spread over nodes and zones': ({ template: { spec } }) =>
    spec.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey).join() ===
    'kubernetes.io/hostname,topology.kubernetes.io/zone',
  'goes before tasks': ({ template: { spec } }) => named('PriorityClass', spec.priorityClassName ?? '') !== undefined,
  'has a PodDisruptionBudget that selects it': (pod) => isSelected('PodDisruptionBudget', pod),
  'has a NetworkPolicy that selects it': (pod) => isSelected('NetworkPolicy', pod),
  'has a Service for each of its ports but the one for metrics': (pod) => {
    const services = of('Service').filter((one) => selects(one, pod));
    const targets = services.flatMap(({ spec }) => (spec as { ports: { targetPort: string }[] }).ports);
    const ports = containerOf(pod).ports ?? [];
    return ports.every(({ name }) => name === 'metrics' || targets.some(({ targetPort }) => targetPort === name));
  },
};

function isBound(account: string): boolean {
  return manifests.some(
    ({ kind, subjects }) =>
      kind.endsWith('RoleBinding') && (subjects as { name: string }[]).some(({ name }) => name === account),
  );
}

/** Selectors are written three ways. */
function selects({ kind, spec }: Manifest, { template }: Pod): boolean {
  const { selector, podSelector } = spec as { selector?: object; podSelector?: object };
  const wanted =
    (kind === 'Service' ? selector : ((selector ?? podSelector) as { matchLabels?: object })?.matchLabels) ?? {};
  const entries = Object.entries(wanted);
  return entries.length > 0 && entries.every(([label, value]) => template.metadata.labels[label] === value);
}

function isSelected(kind: string, pod: Pod): boolean {
  return of(kind).filter((one) => selects(one, pod)).length === 1;
}

for (const pod of pods) {
  test(`a pod of ${pod.owner.kind} ${pod.owner.metadata.name} is as every pod of the install has to be`, () => {
    const table = { ...OF_EVERY_POD, ...(pod.isServer ? OF_EVERY_SERVER : {}) };
    const broken = Object.entries(table).filter(([, isSo]) => !isSo(pod));
    assert.deepEqual(
      broken.map(([sentence]) => sentence),
      [],
    );
  });
}

/** Of Node itself. */
const OF_NODE = ['NODE_EXTRA_CA_CERTS'];

test('every variable that the install sets is read by the program of that image', () => {
  for (const pod of pods) {
    const { image, env, command } = containerOf(pod);
    const name = image.slice(image.indexOf('/rig-') + 5) as keyof typeof images;
    const entry = command?.at(-1) ?? images[name].entry;
    const { files } = sourcesOf(root, [entry]);
    const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    for (const { name: variable } of env)
      assert.ok(OF_NODE.includes(variable) || text.includes(variable), `${entry} does not read ${variable}`);
  }
});

test('every address of a Service that a program is told leads to a port of that Service', () => {
  const told = pods.flatMap((pod) => containerOf(pod).env.map(({ value = '' }) => value));
  const addresses = told.flatMap((value) => [...value.matchAll(/^http:\/\/(rig-[a-z]+)\.rig-system\.svc:(\d+)$/g)]);
  assert.equal(addresses.length, 5);
  for (const [url, name = '', port] of addresses) {
    assert.ok(portsOf(name).includes(Number(port)), url);
  }
});

test('a webhook leads to a Service and a port: advice refuses nobody when it is down, and what protects lets nothing through then', () => {
  const asked = { 'rig-conductor': ['Ignore', 2, 'None'], 'rig-verifier': ['Fail', 3, 'None'] };
  const found = of('ValidatingWebhookConfiguration');
  assert.deepEqual(found.map(({ metadata }) => metadata.name).sort(), Object.keys(asked));
  for (const { metadata, webhooks } of found as unknown as (Manifest & { webhooks: Webhook[] })[]) {
    for (const { clientConfig, failurePolicy, timeoutSeconds, sideEffects } of webhooks) {
      assert.deepEqual(portsOf(clientConfig.service.name), [clientConfig.service.port]);
      assert.deepEqual([failurePolicy, timeoutSeconds, sideEffects], asked[metadata.name as keyof typeof asked]);
    }
  }
});

interface Webhook {
  readonly clientConfig: { readonly service: { readonly name: string; readonly port: number } };
  readonly failurePolicy: string;
  readonly timeoutSeconds: number;
  readonly sideEffects: string;
}

test('nothing of the install has a finalizer, a wildcard in a rule, or a role of the cluster’s own', () => {
  for (const one of manifests) {
    assert.ok(!('finalizers' in one.metadata), one.metadata.name);
    if (!/Role/.test(one.kind)) continue;
    assert.doesNotMatch(JSON.stringify(one.rules ?? []), /"\*"/, one.metadata.name);
    const { roleRef } = one as unknown as { roleRef?: { kind: string; name: string } };
    if (roleRef !== undefined) assert.ok(named(roleRef.kind, roleRef.name), `${one.metadata.name}: ${roleRef.name}`);
  }
});

test('the quota of a tenant counts Approvals by the name that the API server has for them', () => {
  const [quota] = readSource(join(root, 'config/quota')).flatMap((file) => file.manifests);
  const { plural, group } = resources.Approval;
  const { hard } = quota!.spec as { hard: Record<string, string> };
  assert.deepEqual(Object.keys(hard), [`count/${plural}.${group}`]);
});
