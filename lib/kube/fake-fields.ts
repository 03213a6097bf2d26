import type { ListOptions } from './calls.ts';
import { KubeError } from './errors.ts';
import type { KubeObject } from './types.ts';

type Fields = Record<string, unknown>;

/** RFC 7386: null deletes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return structuredClone(patch);
  const result: Fields = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** `target` without the fields that `before` named and `after` does not: what apply does for the manager that owns them. */
export function removeFields(target: unknown, before: unknown, after: unknown): unknown {
  if (!isObject(target) || !isObject(before)) return target;
  const result: Fields = { ...target };
  for (const name of Object.keys(before)) {
    const next = isObject(after) ? after[name] : undefined;
    if (next === undefined) delete result[name];
    else result[name] = removeFields(result[name], before[name], next);
  }
  return result;
}

/** The object with its names in one order, so that two can be compared as text. */
export function fieldsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fieldsOf);
  if (!isObject(value)) return value;
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return Object.fromEntries(names.sort().map((name) => [name, fieldsOf(value[name])]));
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Whether a list or watch with these options tells of `object`. */
export function matches(
  object: KubeObject,
  options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>,
): boolean {
  const { namespace, labelSelector, fieldSelector } = options;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  if (fieldSelector !== undefined && fieldSelector !== `metadata.name=${object.metadata.name}`) return false;
  const [label, value] = labelSelector?.split('=') ?? [];
  return label === undefined || object.metadata.labels?.[label] === value;
}

/** Throws Conflict when `old` is not the object or version that is meant. */
export function checkPreconditions(old: KubeObject, wanted: { uid?: string; resourceVersion?: string }): void {
  const { uid, resourceVersion } = old.metadata;
  const moved = wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion;
  const other = wanted.uid !== undefined && wanted.uid !== uid;
  if (moved || other) throw new KubeError('Conflict', 'the object has been modified', { status: 409 });
}
