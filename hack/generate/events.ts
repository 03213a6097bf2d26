import { catalogue } from '#domain';
import { table } from './sections.ts';

/** The parts of a JSON schema that the catalogue of events uses. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maxLength?: number;
}

/** `docs/events.md`: every event of the log, what it says, and what its data holds. */
export function eventsDocument(): string {
  const rows = Object.entries(catalogue)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, { schema, says, data }]) => [`\`${type}\``, says, fieldsOf(data as Schema), String(schema)]);
  return `<!-- Generated from domain/events/catalogue.ts by hack/generate. Do not edit. -->
# Events

What the log can hold. Every event is validated against its schema when it is appended; fields that it does not name are
refused. Beside its data an event has its stream's version, the time of the append, who caused it and what led to it.

${table(['type', 'says', 'fields', 'schema'], rows)}
`;
}

function fieldsOf({ properties = {}, required = [] }: Schema): string {
  return Object.entries(properties)
    .map(([name, schema]) => `\`${name}\`${required.includes(name) ? '' : ' (optional)'}: ${describe(schema)}`)
    .join('<br>');
}

function describe(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(describe).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  switch (schema.type) {
    case 'array':
      return `list of ${describe(schema.items ?? {})}`;
    case 'object':
      return `{${Object.keys(schema.properties ?? {}).join(', ')}}`;
    case 'integer':
      return schema.minimum === undefined ? 'integer' : `integer from ${schema.minimum}`;
    case 'string':
      return text(schema);
    default:
      return schema.type ?? 'anything';
  }
}

function text({ pattern, maxLength }: Schema): string {
  if (pattern !== undefined) return `text like \`${pattern}\``;
  return maxLength === undefined ? 'text' : `text up to ${maxLength}`;
}
