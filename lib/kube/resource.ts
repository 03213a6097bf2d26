import { KubeError } from './errors.ts';
import type { KubeObject, ObjectRef, Resource } from './types.ts';

/** `group/version`, or only the version for core kinds. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The REST path of a collection (no `name`), of an object, or of its subresource. Every segment is escaped; one that would leave its place (`..`) is refused. */
export function resourcePath(
  resource: Resource,
  at: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const root = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version];
  const scope = resource.namespaced && at.namespace !== undefined ? ['namespaces', at.namespace] : [];
  const tail = [at.name, at.subresource].filter((segment) => segment !== undefined);
  return `/${[...root, ...scope, resource.plural, ...tail].map(segment).join('/')}`;
}

function segment(text: string): string {
  if (text === '' || text === '.' || text === '..')
    throw new KubeError('BadRequest', `"${text}" cannot name an object`);
  return encodeURIComponent(text);
}

/** The key of an object in caches and queues: `namespace/name`, or `name` for cluster-scoped kinds. */
export function keyOf(object: KubeObject | ObjectRef): string {
  const { namespace, name } = 'metadata' in object ? object.metadata : object;
  return namespace === undefined || namespace === '' ? (name ?? '') : `${namespace}/${name}`;
}

/** The inverse of {@link keyOf}. */
export function splitKey(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The reference that names `object`. */
export function refOf(object: KubeObject): ObjectRef {
  return splitKey(keyOf(object));
}

function builtin(group: string, version: string, kind: string, plural: string, namespaced = true): Resource {
  return { group, version, kind, plural, namespaced };
}

export const NAMESPACES = builtin('', 'v1', 'Namespace', 'namespaces', false);
export const NODES = builtin('', 'v1', 'Node', 'nodes', false);
export const PODS = builtin('', 'v1', 'Pod', 'pods');
export const SECRETS = builtin('', 'v1', 'Secret', 'secrets');
export const CONFIG_MAPS = builtin('', 'v1', 'ConfigMap', 'configmaps');
export const SERVICE_ACCOUNTS = builtin('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const JOBS = builtin('batch', 'v1', 'Job', 'jobs');
export const LEASES = builtin('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const EVENTS = builtin('events.k8s.io', 'v1', 'Event', 'events');
/** Who asks, as the API server knows them. */
export const SELF_REVIEWS = builtin('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews', false);
export const TOKEN_REVIEWS = builtin('authentication.k8s.io', 'v1', 'TokenReview', 'tokenreviews', false);
