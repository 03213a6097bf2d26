import type { Schema } from '#crds';
import { table } from './sections.ts';

/** A table of every field below `schema`, depth first, in the order of the YAML. `path` is what comes before. */
export function fieldsTable(schema: Schema, path: string): string {
  return table(['field', 'type', 'default', 'what it says'], rows(schema, path));
}

function rows(schema: Schema, path: string): string[][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const at = `${path}.${name}`;
    return [
      [`\`${at}\``, typeOf(child), defaultOf(child, schema.required?.includes(name)), child.description ?? ''],
      ...rows(child, at),
    ];
  });
  const inner = schema.items ? rows(schema.items, `${path}[]`) : [];
  const mapped = schema.additionalProperties ? rows(schema.additionalProperties, `${path}.<key>`) : [];
  return [...own, ...inner, ...mapped];
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema['x-kubernetes-int-or-string']) return 'integer or string';
  if (schema.items) return `list${most(schema.maxItems)} of ${simple(schema.items)}`;
  if (schema.additionalProperties) return `map${most(schema.maxProperties)} to ${simple(schema.additionalProperties)}`;
  return simple(schema);
}

function simple(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string']) return 'quantity';
  if (schema.format === 'date-time') return 'time';
  if (schema.type === 'string') return `string${most(schema.maxLength)}`;
  return `${schema.type}${range(schema)}`;
}

function most(bound: number | undefined): string {
  return bound === undefined ? '' : ` (≤ ${bound})`;
}

function range({ minimum, maximum }: Schema): string {
  if (minimum === undefined) return '';
  return maximum === undefined ? ` (≥ ${minimum})` : ` (${minimum} to ${maximum})`;
}

function defaultOf(schema: Schema, required = false): string {
  if (schema.default !== undefined) return `\`${JSON.stringify(schema.default).replace(/^"(.+)"$/, '$1')}\``;
  return required ? 'required' : '';
}
