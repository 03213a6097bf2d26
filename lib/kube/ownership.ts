import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { Stalled, Waiting } from './outcome.ts';
import { keyOf, refOf } from './resource.ts';
import type { CallOptions } from './transport.ts';
import type { KubeObject, OwnerReference, Resource } from './types.ts';

/** The reference that makes garbage collection delete an object with `owner`. `controller` (default true) marks the one that manages it. */
export function ownerReference(owner: KubeObject, options: { controller?: boolean } = {}): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  if (!apiVersion || !kind || !metadata.name || !metadata.uid) {
    throw new TypeError(`an owner needs apiVersion, kind, name and uid: ${kind} ${keyOf(owner)}`);
  }
  const controller = options.controller ?? true;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller, blockOwnerDeletion: controller };
}

/** Whether `owner`, this very object and not another of its name, owns `object`. */
export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  const uid = owner.metadata.uid;
  return uid !== undefined && (object.metadata.ownerReferences ?? []).some((reference) => reference.uid === uid);
}

/** The reference to the controller of `object`, if it has one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** For Controller.watch: the key of the owner of kind `owner`, so that a change of a child reconciles its owner. */
export function ownerKeys(owner: Pick<Resource, 'group' | 'kind' | 'namespaced'>): (object: KubeObject) => string[] {
  return (object) =>
    (object.metadata.ownerReferences ?? [])
      .filter((reference) => reference.kind === owner.kind && groupOf(reference.apiVersion) === owner.group)
      .map(({ name }) => keyOf({ name, namespace: owner.namespaced ? object.metadata.namespace : undefined }));
}

/**
 * Creates `object` as a child of `owner`, with the owner reference set. An existing object of that name is the answer if
 * `owner` owns it; one being deleted is Waiting, anyone else's is Stalled. Safe to repeat.
 */
export async function createOwned<T extends KubeObject>(
  client: Pick<KubeClient, 'create' | 'get'>,
  resource: Resource<T>,
  object: T,
  owner: KubeObject,
  call: CallOptions = {},
): Promise<T> {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), ownerReference(owner)];
  try {
    return await client.create(resource, { ...object, metadata: { ...object.metadata, ownerReferences } }, call);
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  }
  const existing = await client.get(resource, refOf(object), call);
  const title = `${resource.kind} ${keyOf(existing)}`;
  if (!isOwnedBy(existing, owner)) {
    const sentence = `${title} exists and is not owned by ${owner.kind} ${keyOf(owner)}: delete or rename it`;
    throw new Stalled('NameTaken', sentence);
  }
  if (isBeingDeleted(existing)) throw new Waiting(1000, 'BeingDeleted', `${title} is still being deleted`);
  return existing;
}

export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Adds `finalizer` if it is not there; Conflict when the object moved meanwhile. Returns the object as it is now. */
export async function addFinalizer<T extends KubeObject>(
  client: Pick<KubeClient, 'patch'>,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  call: CallOptions = {},
): Promise<T> {
  if (hasFinalizer(object, finalizer) || isBeingDeleted(object)) return object;
  return setFinalizers(client, resource, object, [...(object.metadata.finalizers ?? []), finalizer], call);
}

/** Removes `finalizer` if it is there; Conflict when the object moved meanwhile, undefined when it is gone. */
export async function removeFinalizer<T extends KubeObject>(
  client: Pick<KubeClient, 'patch'>,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  call: CallOptions = {},
): Promise<T | undefined> {
  if (!hasFinalizer(object, finalizer)) return object;
  const left = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  try {
    return await setFinalizers(client, resource, object, left, call);
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function setFinalizers<T extends KubeObject>(
  client: Pick<KubeClient, 'patch'>,
  resource: Resource<T>,
  object: T,
  finalizers: string[],
  call: CallOptions,
): Promise<T> {
  const { uid, resourceVersion } = object.metadata;
  return client.patch<T>(resource, refOf(object), { metadata: { uid, resourceVersion, finalizers } }, call);
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
