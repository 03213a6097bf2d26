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
