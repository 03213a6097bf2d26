import { verifierObjects } from '#crds';

/** What the ServiceAccounts of the rig are expected to be allowed, written by hand: `verb,… resource[.group][/subresource],… @namespace [name]`. */
export const SYSTEM = 'rig-system';
export const TENANT = 'tenant-sample';
/** Where it is said whose signatures count. */
export const VERIFIER = 'rig-verifier';
/** A namespace that belongs to no tenant. */
export const OTHER = 'default';

const RIG = 'rig.dashecorp.com';
const KINDS = ['repositories', 'agents', 'issues', 'agenttasks', 'approvals'];
const all = (suffix = '') => KINDS.map((kind) => `${kind}.${RIG}${suffix}`).join(',');

/** `@*` is every namespace and all of them at once. */
export const MAY: Readonly<Record<string, readonly string[]>> = {
  [`${SYSTEM}:rig-conductor`]: [
    `list,watch ${all()} @*`,
    `get issues.${RIG},approvals.${RIG} @*`,
    `patch ${all('/status')} @*`,
    `list,watch tierpolicies.${RIG} @*`,
    `patch tierpolicies.${RIG}/status @*`,
    'get namespaces @* kube-system',
    `get configmaps @${VERIFIER} rig-humans`,
    `get configmaps @${VERIFIER} rig-machines`,
    `get configmaps @${VERIFIER} rig-trusted-root`,
    'create,patch events.events.k8s.io @*',
    'create tokenreviews.authentication.k8s.io @*',
    'list,watch jobs.batch @*',
    `create,get agenttasks.${RIG} @${TENANT}`,
    `update issues.${RIG}/finalizers,agenttasks.${RIG}/finalizers @${TENANT}`,
    `create,get,delete jobs.batch @${TENANT}`,
    `get,list pods @${TENANT}`,
    `get secrets @${TENANT}`,
    `get kustomizations.kustomize.toolkit.fluxcd.io @${TENANT}`,
    `get canaries.flagger.app,deployments.apps,daemonsets.apps @${TENANT}`,
    `create leases.coordination.k8s.io,secrets,configmaps @${SYSTEM}`,
    `get,update configmaps @${SYSTEM} rig-conductor-mark`,
    `get,list,watch,update leases.coordination.k8s.io @${SYSTEM} rig-conductor`,
    `get secrets @${SYSTEM} rig-conductor-signing-key`,
    `impersonate serviceaccounts @${SYSTEM} rig-intake`,
  ],
  [`${SYSTEM}:rig-intake`]: [`create,patch issues.${RIG} @${TENANT}`],
  [`${SYSTEM}:rig-certificates`]: [
    'get,patch validatingwebhookconfigurations.admissionregistration.k8s.io @* rig-conductor',
    `create secrets @${SYSTEM}`,
    `get,update secrets @${SYSTEM} rig-webhook-certificate`,
  ],
  [`${SYSTEM}:rig-proxy`]: [],
  [`${SYSTEM}:rig-egress`]: [],
  [`${VERIFIER}:rig-verifier`]: [
    `list,watch repositories.${RIG},issues.${RIG},tierpolicies.${RIG},approvals.${RIG} @*`,
    `get approvals.${RIG} @*`,
    'get deployments.apps,statefulsets.apps,replicasets.apps,replicationcontrollers @*',
    'get namespaces @* kube-system',
    `get,list,watch configmaps @${VERIFIER} rig-humans`,
    `get,list,watch configmaps @${VERIFIER} rig-machines`,
    `get,list,watch configmaps @${VERIFIER} rig-trusted-root`,
    `create leases.coordination.k8s.io,configmaps @${VERIFIER}`,
    `get,list,watch,update leases.coordination.k8s.io @${VERIFIER} rig-verifier`,
    ...[verifierObjects.signatures, verifierObjects.heads, ...verifierObjects.consents].map(
      (name) => `get,update configmaps @${VERIFIER} ${name}`,
    ),
  ],
  [`${TENANT}:rig-agent`]: [],
};

export const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
export type Verb = (typeof VERBS)[number];

/** A resource of the API: its path below the version, and whether it is in namespaces. */
export interface Target {
  readonly api: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** As in {@link MAY}. */
  readonly title: string;
}

function target(path: string, namespaced = true): Target {
  const [group = '', rest = ''] = path.split(' ');
  const [resource = '', subresource] = rest.split('/');
  const name = group === 'v1' ? '' : `.${group.split('/')[0]}`;
  return {
    api: group === 'v1' ? '/api/v1' : `/apis/${group}`,
    resource,
    ...(subresource ? { subresource } : {}),
    namespaced,
    verbs: subresource ? verbsOf(subresource) : onlyCreated(resource) ? ['create'] : VERBS,
    title: `${resource}${name}${subresource ? `/${subresource}` : ''}`,
  };
}

const onlyCreated = (resource: string) => resource.endsWith('reviews');
function verbsOf(subresource: string): Verb[] {
  // A WebSocket is opened by a GET.
  if (['exec', 'attach', 'portforward', 'proxy'].includes(subresource)) return ['create', 'get'];
  if (['token', 'eviction', 'binding'].includes(subresource)) return ['create'];
  if (subresource === 'log') return ['get'];
  if (['finalizers', 'finalize'].includes(subresource)) return ['update'];
  return ['get', 'update', 'patch'];
}

/** Everything that is asked for, as everybody, everywhere: the rig's own kinds, and whatever a guard stands on. */
export const TARGETS: readonly Target[] = [
  ...KINDS.map((kind) => target(`${RIG}/v1alpha1 ${kind}`)),
  ...KINDS.map((kind) => target(`${RIG}/v1alpha1 ${kind}/status`)),
  ...[
    'pods',
    'secrets',
    'configmaps',
    'services',
    'endpoints',
    'serviceaccounts',
    'events',
    'persistentvolumeclaims',
    'resourcequotas',
  ].map((one) => target(`v1 ${one}`)),
  ...[
    'exec',
    'attach',
    'portforward',
    'proxy',
    'log',
    'eviction',
    'ephemeralcontainers',
    'resize',
    'status',
    'binding',
  ].map((one) => target(`v1 pods/${one}`)),
  target('v1 services/proxy'),
  target('v1 serviceaccounts/token'),
  target('batch/v1 jobs'),
  target('batch/v1 cronjobs'),
  target('kustomize.toolkit.fluxcd.io/v1 kustomizations'),
  target('flagger.app/v1beta1 canaries'),
  target('apps/v1 deployments'),
  target('apps/v1 deployments/scale'),
  target('apps/v1 daemonsets'),
  target('apps/v1 statefulsets'),
  target('apps/v1 replicasets'),
  target('v1 replicationcontrollers'),
  target('discovery.k8s.io/v1 endpointslices'),
  target('coordination.k8s.io/v1 leases'),
  target('events.k8s.io/v1 events'),
  target('networking.k8s.io/v1 networkpolicies'),
  target('policy/v1 poddisruptionbudgets'),
  target('rbac.authorization.k8s.io/v1 roles'),
  target('rbac.authorization.k8s.io/v1 rolebindings'),
  target(`${RIG}/v1alpha1 tierpolicies`, false),
  target(`${RIG}/v1alpha1 tierpolicies/status`, false),
  ...['nodes', 'namespaces', 'persistentvolumes'].map((one) => target(`v1 ${one}`, false)),
  target('rbac.authorization.k8s.io/v1 clusterroles', false),
  target('rbac.authorization.k8s.io/v1 clusterrolebindings', false),
  target('v1 namespaces/finalize', false),
  target('v1 namespaces/status', false),
  target('v1 nodes/proxy', false),
  target('apiregistration.k8s.io/v1 apiservices', false),
  target('policies.kyverno.io/v1 validatingpolicies', false),
  target('policies.kyverno.io/v1 policyexceptions'),
  target('kyverno.io/v1 clusterpolicies', false),
  target('apiextensions.k8s.io/v1 customresourcedefinitions', false),
  target('apiextensions.k8s.io/v1 customresourcedefinitions/status', false),
  target('certificates.k8s.io/v1 certificatesigningrequests', false),
  target('certificates.k8s.io/v1 certificatesigningrequests/approval', false),
  target('scheduling.k8s.io/v1 priorityclasses', false),
  // Whoever could starve the requests of the verifier could keep it from taking anything back.
  target('flowcontrol.apiserver.k8s.io/v1 flowschemas', false),
  target('flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations', false),
  target('authentication.k8s.io/v1 tokenreviews', false),
  target('authorization.k8s.io/v1 subjectaccessreviews', false),
  ...[
    'validatingwebhookconfigurations',
    'mutatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
  ].map((one) => target(`admissionregistration.k8s.io/v1 ${one}`, false)),
];

/** Verbs that no request has for itself: an authorizer asks them beside another. */
export interface Virtual {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

const RBAC = 'rbac.authorization.k8s.io';
const AUTHENTICATION = 'authentication.k8s.io';

/** By which somebody becomes more than they are: who gives roles away, makes them wider, acts as others, or vouches for certificates. */
export const VIRTUAL: readonly Virtual[] = [
  ...['bind', 'escalate'].flatMap((verb) => [
    ...['cluster-admin', 'admin', 'rig-conductor', 'rig-certificates', 'rig-tenant', 'rig-admission-root'].map(
      (name) => ({
        verb,
        group: RBAC,
        resource: 'clusterroles',
        name,
      }),
    ),
    ...['rig-trust-root', 'rig-admission-root', 'rig-verifier'].map((name) => ({
      verb,
      group: RBAC,
      resource: 'roles',
      namespace: VERIFIER,
      name,
    })),
  ]),
  ...['system:admin', 'rig-admin'].map((name) => ({ verb: 'impersonate', group: '', resource: 'users', name })),
  ...['system:masters', 'rig:root'].map((name) => ({ verb: 'impersonate', group: '', resource: 'groups', name })),
  { verb: 'impersonate', group: AUTHENTICATION, resource: 'uids', name: 'another' },
  { verb: 'impersonate', group: AUTHENTICATION, resource: 'userextras', subresource: 'scopes', name: 'another' },
  ...['rig-conductor', 'rig-intake', 'rig-certificates'].map((name) => serviceAccount(SYSTEM, name)),
  serviceAccount(VERIFIER, 'rig-verifier'),
  serviceAccount(TENANT, 'rig-agent'),
  serviceAccount('kube-system', 'namespace-controller'),
  ...['approve', 'sign'].map((verb) => ({
    verb,
    group: 'certificates.k8s.io',
    resource: 'signers',
    name: 'kubernetes.io/kube-apiserver-client',
  })),
];

function serviceAccount(namespace: string, name: string): Virtual {
  return { verb: 'impersonate', group: '', resource: 'serviceaccounts', namespace, name };
}

/** One request of the matrix. `namespace` undefined: all of them, or none where the resource has none. */
export interface Request {
  readonly verb: Verb;
  readonly target: Target;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** A name that no rule names. */
const ANOTHER = 'another';
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'leases.coordination.k8s.io': ['rig-conductor', 'rig-verifier', ANOTHER],
  namespaces: ['kube-system', ANOTHER],
  configmaps: [
    'rig-conductor-mark',
    'rig-humans',
    'rig-machines',
    'rig-trusted-root',
    verifierObjects.signatures,
    verifierObjects.heads,
    ...verifierObjects.consents,
    ANOTHER,
  ],
  secrets: [
    'rig-conductor-signing-key',
    'rig-webhook-certificate',
    'rig-verifier-app',
    'rig-verifier-authority',
    ANOTHER,
  ],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': ['rig-conductor', 'rig-verifier', ANOTHER],
};

/** Every request of the matrix. */
export function requests(): Request[] {
  return TARGETS.flatMap((one) =>
    one.verbs.flatMap((verb) =>
      placesOf(one, verb).flatMap((namespace) =>
        (NAMES[one.title] ?? [ANOTHER]).map((name) => ({ verb, target: one, namespace, name })),
      ),
    ),
  );
}

function placesOf({ namespaced }: Target, verb: Verb): (string | undefined)[] {
  if (!namespaced) return [undefined];
  return [SYSTEM, TENANT, VERIFIER, OTHER, ...(verb === 'list' || verb === 'watch' ? [undefined] : [])];
}

/** Whether the table allows it. */
export function isExpected(
  account: string,
  { verb, target: { title, namespaced }, namespace, name }: Request,
): boolean {
  return (MAY[account] ?? []).some((line) => {
    const [verbs = '', titles = '', place = '', only] = line.split(' ');
    const where = place.slice(1);
    return (
      verbs.split(',').includes(verb) &&
      titles.split(',').includes(title) &&
      (where === '*' || (namespaced && where === namespace)) &&
      (only === undefined || only === name)
    );
  });
}

/** Method and path of a request; writing ones are dry runs. A name limits lists by the selector that RBAC reads. */
export function httpOf({ verb, target: { api, resource, subresource, namespaced }, namespace, name }: Request) {
  const folder = `${api}${namespaced && namespace ? `/namespaces/${namespace}` : ''}/${resource}`;
  const one = subresource ? `${folder}/${name}/${subresource}` : `${folder}/${name}`;
  const named = `fieldSelector=metadata.name%3D${name}`;
  switch (verb) {
    case 'get':
      return { method: 'GET', path: one };
    case 'list':
      return { method: 'GET', path: `${folder}?limit=1&${named}` };
    case 'watch':
      return { method: 'GET', path: `${folder}?watch=true&timeoutSeconds=1&${named}` };
    case 'create':
      return { method: 'POST', path: `${subresource ? one : folder}?dryRun=All` };
    case 'update':
      return { method: 'PUT', path: `${one}?dryRun=All` };
    case 'patch':
      return { method: 'PATCH', path: `${one}?dryRun=All` };
    case 'delete':
      return { method: 'DELETE', path: `${one}?dryRun=All` };
    case 'deletecollection':
      return { method: 'DELETE', path: `${folder}?dryRun=All` };
  }
}
