import { setTimeout as wait } from 'node:timers/promises';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { isKubeError, KubeError } from '#lib/kube';

const POLL_MS = 50;
const SERVED_WITHIN_MS = 20_000;

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/**
 * Server-side apply of objects of any kind, one after the other, as the field manager of `client`. A kind whose definition was
 * applied just before is waited for. Calling twice with the same objects changes nothing. Throws KubeError.
 */
export async function applyAll(client: KubeClient, objects: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  const known = new Map<string, Resource>();
  for (const object of objects) {
    signal.throwIfAborted();
    const type = `${object.apiVersion}/${object.kind}`;
    const resource = known.get(type) ?? (await untilServed(client, object, signal));
    known.set(type, resource);
    await client.apply(resource, object, { signal });
  }
}

async function untilServed(client: KubeClient, object: KubeObject, signal: AbortSignal): Promise<Resource> {
  const until = Date.now() + SERVED_WITHIN_MS;
  for (;;) {
    const resource = await discover(client, object, signal);
    if (resource) return resource;
    if (Date.now() > until)
      throw new KubeError('NotFound', `the API server does not serve ${object.kind} of ${object.apiVersion}`);
    await wait(POLL_MS, undefined, { signal });
  }
}

async function discover(client: KubeClient, object: KubeObject, signal: AbortSignal): Promise<Resource | undefined> {
  const { apiVersion = 'v1', kind = '' } = object;
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  let list: ResourceList;
  try {
    list = JSON.parse(await client.raw(path, { signal })) as ResourceList;
  } catch (error) {
    if (isKubeError(error, 'NotFound', 'Unavailable')) return undefined;
    throw error;
  }
  const found = list.resources.find((entry) => entry.kind === kind && !entry.name.includes('/'));
  return found && { group, version, kind, plural: found.name, namespaced: found.namespaced };
}
