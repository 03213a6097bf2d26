import { canonicalJSON } from './canonical.ts';

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
type Node = { [member: string]: Json };

/** A path below an object (`[]` goes through the items of a list) and what its last member is when it is left out. */
type Default = readonly [path: string, value: Json | ((holder: Node) => Json | undefined)];

const RBAC = 'rbac.authorization.k8s.io';
const FILE_MODE = 0o644;

const PROBE: readonly Default[] = [
  ['timeoutSeconds', 1],
  ['periodSeconds', 10],
  ['successThreshold', 1],
  ['failureThreshold', 3],
  ['httpGet.scheme', 'HTTP'],
];
const CONTAINER: readonly Default[] = [
  ['terminationMessagePath', '/dev/termination-log'],
  ['terminationMessagePolicy', 'File'],
  ['imagePullPolicy', ({ image }) => (isLatest(String(image)) ? 'Always' : 'IfNotPresent')],
  ['ports[].protocol', 'TCP'],
  ['env[].valueFrom.fieldRef.apiVersion', 'v1'],
  ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((probe) => under(probe, PROBE)),
  ['resources', {}],
];
const POD: readonly Default[] = [
  ['terminationGracePeriodSeconds', 30],
  ['dnsPolicy', 'ClusterFirst'],
  ['schedulerName', 'default-scheduler'],
  ['enableServiceLinks', true],
  ['securityContext', {}],
  // The old name of the same field.
  ['serviceAccount', ({ serviceAccountName }) => serviceAccountName],
  ['volumes[].secret.defaultMode', FILE_MODE],
  ['volumes[].configMap.defaultMode', FILE_MODE],
  ['volumes[].downwardAPI.defaultMode', FILE_MODE],
  ['volumes[].projected.defaultMode', FILE_MODE],
  ['volumes[].projected.sources[].serviceAccountToken.expirationSeconds', 3600],
  ['volumes[].hostPath.type', ''],
  ...under('containers[]', CONTAINER),
  ...under('initContainers[]', CONTAINER),
];
/** Labels by which a Job finds its pods, made up by the API server. */
const OWN_LABELS = ['controller-uid', 'job-name'].flatMap((name) => [name, `batch.kubernetes.io/${name}`]);
const JOB: readonly Default[] = [
  // Both are 1 where neither is written; a number of completions alone makes one at a time.
  ['parallelism', ({ completions }) => (completions === undefined ? undefined : 1)],
  ['completions', ({ parallelism }) => (parallelism === undefined ? 1 : undefined)],
  ['backoffLimit', 6],
  ['completionMode', 'NonIndexed'],
  ['suspend', false],
  [
    'podReplacementPolicy',
    ({ podFailurePolicy }) => (podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
  ],
  ...under('template.spec', POD),
];

const BY_KIND: Readonly<Record<string, readonly Default[]>> = {
  '/Secret': [['type', 'Opaque']],
  '/Namespace': [
    ['spec.finalizers', ['kubernetes']],
    ['spec', {}],
  ],
  '/PersistentVolumeClaim': [['spec.volumeMode', 'Filesystem']],
  '/PersistentVolume': [
    ['spec.volumeMode', 'Filesystem'],
    ['spec.persistentVolumeReclaimPolicy', 'Retain'],
  ],
  [`${RBAC}/RoleBinding`]: [['roleRef.apiGroup', RBAC], SUBJECTS()],
  [`${RBAC}/ClusterRoleBinding`]: [['roleRef.apiGroup', RBAC], SUBJECTS()],
  'apiextensions.k8s.io/CustomResourceDefinition': [
    ['spec.conversion', { strategy: 'None' }],
    ['spec.names.singular', ({ kind }) => String(kind).toLowerCase()],
    ['spec.names.listKind', ({ kind }) => `${kind}List`],
  ],
  'batch/Job': under('spec', JOB),
};

function SUBJECTS(): Default {
  return ['subjects[].apiGroup', ({ kind }) => (kind === 'ServiceAccount' ? '' : RBAC)];
}

function under(prefix: string, defaults: readonly Default[]): readonly Default[] {
  return defaults.map(([path, value]) => [`${prefix}.${path}`, value]);
}

/** The object without the fields that have the value which they have when left out, for the kinds whose defaults are known. */
export function withoutDefaults(object: Node): Node {
  const [group = '', version] = String(object.apiVersion).split('/');
  const kind = `${version === undefined ? '' : group}/${String(object.kind)}`;
  const plain = structuredClone(object);
  if (kind === 'batch/Job') dropOwnLabels(plain);
  for (const [path, value] of BY_KIND[kind] ?? []) drop(plain, path.split('.'), value);
  return plain;
}

function drop(node: Json | undefined, [step = '', ...rest]: readonly string[], value: Default[1]): void {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  if (rest.length > 0) {
    const list = step.endsWith('[]');
    const child = node[list ? step.slice(0, -2) : step];
    for (const one of list ? (Array.isArray(child) ? child : []) : [child]) drop(one, rest, value);
    return;
  }
  const left = typeof value === 'function' ? value(node) : value;
  const there = node[step];
  if (left !== undefined && there !== undefined && canonicalJSON(there) === canonicalJSON(left)) delete node[step];
}

function dropOwnLabels({ spec }: Node): void {
  if (!isNode(spec) || spec.manualSelector === true) return;
  delete spec.manualSelector;
  delete spec.selector;
  const metadata = isNode(spec.template) ? spec.template.metadata : undefined;
  if (!isNode(metadata) || !isNode(spec.template)) return;
  if (isNode(metadata.labels)) {
    for (const label of OWN_LABELS) delete metadata.labels[label];
    if (Object.keys(metadata.labels).length === 0) delete metadata.labels;
  }
  if (Object.keys(metadata).length === 0) delete spec.template.metadata;
}

function isNode(value: Json | undefined): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An image without a tag and without a digest is the latest. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}
