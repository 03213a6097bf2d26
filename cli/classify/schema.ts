import { run } from '@bufbuild/cel';
import { Ajv, type ErrorObject } from 'ajv';
import { customResourceDefinitions, type Kind, type Schema, type ValidationRule } from '#crds';

/** Names of fields and indices of lists, from the root. */
type Path = readonly string[];

/** An object as the API server would store it, or everything for which it would refuse it, each a sentence. */
export type Admitted =
  | { readonly ok: true; readonly object: object }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Holds an object against the definition of its kind, as the API server does under `kubectl apply`: types, limits, fields that there are none of, and the rules
 * in CEL, over what is filled in by default. A field that is null counts as left out, and so does a status. Metadata and rules on how an object may change are
 * not looked at.
 */
export async function admit(kind: Kind, object: Readonly<Record<string, unknown>>): Promise<Admitted> {
  const schema = await schemaOf(kind);
  const { status: _, ...wanted } = withoutNulls(object) as Record<string, unknown>;
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, useDefaults: true, validateFormats: false });
  const validate = ajv.compile(closed(schema));
  const problems = validate(wanted) ? rulesBroken(schema, wanted, []) : (validate.errors ?? []).map(told);
  return problems.length === 0 ? { ok: true, object: wanted } : { ok: false, problems };
}

async function schemaOf(kind: Kind): Promise<Schema> {
  const definition = (await customResourceDefinitions()).find(({ spec }) => spec.names.kind === kind);
  return definition!.spec.versions.find(({ storage }) => storage)!.schema.openAPIV3Schema;
}

/** The same in JSON Schema, in which an object takes every field unless it is told not to. */
function closed(schema: Schema): object {
  const { properties, items, additionalProperties } = schema;
  const inner = Object.entries(properties ?? {}).map(([name, one]) => [name, closed(one)]);
  return {
    ...schema,
    ...(schema['x-kubernetes-list-type'] === 'set' && { uniqueItems: true }),
    ...(items && { items: closed(items) }),
    ...(additionalProperties && { additionalProperties: closed(additionalProperties) }),
    ...(properties && { properties: Object.fromEntries(inner), additionalProperties: false }),
  };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)]));
}

/** Where it is, and what is wrong there. */
function told({ instancePath, keyword, params, message, data, parentSchema }: ErrorObject): string {
  const path = instancePath.split('/').slice(1);
  const at = placeOf(path);
  switch (keyword) {
    case 'required':
      return `${placeOf([...path, params.missingProperty])} is missing.`;
    case 'additionalProperties':
      return `${at} has no field ${params.additionalProperty}; it has ${listed(Object.keys(parentSchema?.properties ?? {}), 'and')}.`;
    case 'enum':
      return `${at} is ${JSON.stringify(data)}, and may be ${listed(params.allowedValues, 'or')}.`;
    default:
      return `${at} ${message}.`;
  }
}

/** A path as `spec.rules[0].match`. */
function placeOf(path: Path): string {
  const words = path.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`));
  return words.length === 0 ? 'it' : words.join('').replace(/^\./, '');
}

function listed(words: readonly string[], last: 'and' | 'or'): string {
  return new Intl.ListFormat('en-GB', { type: last === 'and' ? 'conjunction' : 'disjunction' }).format(words);
}

function rulesBroken(schema: Schema, value: unknown, path: Path): string[] {
  if (value === undefined) return [];
  const own = (schema['x-kubernetes-validations'] ?? []).filter((rule) => !holds(rule, value));
  return [
    ...own.map(({ message }) => `${placeOf(path)}: ${message}.`),
    ...partsOf(schema, value).flatMap(([part, one, name]) => rulesBroken(part, one, [...path, name])),
  ];
}

function holds({ rule }: ValidationRule, self: unknown): boolean {
  return rule.includes('oldSelf') || run(rule, { self } as Parameters<typeof run>[1]) === true;
}

/** What an object or a list has in it, each with its schema and its name or index. */
function partsOf({ properties = {}, items }: Schema, value: unknown): [Schema, unknown, string][] {
  if (Array.isArray(value)) return items ? value.map((one, index) => [items, one, String(index)]) : [];
  return Object.entries(properties).map(([name, one]) => [one, (value as Record<string, unknown>)[name], name]);
}
