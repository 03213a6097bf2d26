import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse, stringify } from 'yaml';
import type { CustomResourceDefinition, Schema } from '#crds';

const header = '// Generated from crds/*.yaml by hack/generate. Do not edit.\n';

/**
 * The TypeScript of `crds/types.gen.ts`: one interface per kind, one exported type per schema that has a `title`, and
 * the values of every titled enum. A field with a default is not optional, because the API server always fills it.
 * Throws when two schemas share a title and differ in anything but their description.
 */
export async function generateTypes(definitions: CustomResourceDefinition[]): Promise<string> {
  const named = new Map<string, Schema>();
  for (const definition of definitions) {
    const { kind } = definition.spec.names;
    const schema = definition.spec.versions[0]!.schema.openAPIV3Schema;
    const { spec, status } = schema.properties!;
    hoist({ ...spec!, title: `${kind}Spec` }, named);
    hoist({ ...status!, title: `${kind}Status` }, named);
  }
  const blocks = [`${header}import type { CustomResource } from './object.ts';\n`];
  for (const definition of definitions) blocks.push(kindInterface(definition));
  for (const [title, schema] of [...named].sort(([a], [b]) => a.localeCompare(b))) {
    blocks.push(await compileOne(title, schema));
  }
  blocks.push(enumValues(named));
  return blocks.join('\n');
}

function kindInterface(definition: CustomResourceDefinition): string {
  const { kind } = definition.spec.names;
  const description = definition.spec.versions[0]!.schema.openAPIV3Schema.description!;
  return `/** ${description} */\nexport interface ${kind} extends CustomResource<'${kind}', ${kind}Spec, ${kind}Status> {}\n`;
}

/** Moves every titled schema below (and including) this one into `named`, leaving a reference by name. */
function hoist(schema: Schema, named: Map<string, Schema>): JSONSchema {
  const { title, description } = schema;
  const body = convert(schema, named);
  if (title === undefined) return body;
  const earlier = named.get(title);
  if (earlier !== undefined && stringify({ ...earlier, description: '' }) !== stringify({ ...body, description: '' })) {
    throw new Error(`two different schemas in crds/*.yaml have the title ${title}: give one of them another title`);
  }
  if (earlier === undefined) named.set(title, body as Schema);
  return { description, tsType: title };
}

function convert(schema: Schema, named: Map<string, Schema>): JSONSchema {
  const { title: _title, properties, items, additionalProperties, required = [], ...rest } = schema;
  if (rest['x-kubernetes-int-or-string']) return { description: rest.description, tsType: 'number | string' };
  const result: JSONSchema = {};
  for (const key of ['type', 'enum', 'description'] as const) {
    if (rest[key] !== undefined) result[key] = rest[key] as never;
  }
  if (properties !== undefined) {
    const defaulted = Object.keys(properties).filter((name) => properties[name]!.default !== undefined);
    result.required = [...new Set([...required, ...defaulted])];
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, hoist(child, named)]),
    );
    result.additionalProperties = false;
  }
  if (items !== undefined) result.items = hoist(items, named);
  if (additionalProperties !== undefined) result.additionalProperties = hoist(additionalProperties, named);
  return result;
}

async function compileOne(title: string, schema: Schema): Promise<string> {
  const body = await compile(parse(stringify(schema)) as JSONSchema, title, {
    bannerComment: '',
    format: true,
    style: { singleQuote: true, printWidth: 120, semi: true, tabWidth: 2 },
  });
  return body.trimStart();
}

function enumValues(named: Map<string, Schema>): string {
  const rows = [...named]
    .filter(([, schema]) => schema.enum !== undefined)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([title, schema]) => `  ${title}: [${schema.enum!.map((value) => `'${value}'`).join(', ')}],`);
  return `/** The values of every enum, by the name of its type. */\nexport const enums = {\n${rows.join('\n')}\n} as const;\n`;
}
