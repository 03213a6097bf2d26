import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { types } from './types/index.ts';

const CONNECTION_FIELDS = ['nodes', 'edges', 'pageInfo', 'totalCount'];
const EDGE_FIELDS = ['node', 'cursor'];

let schema: GraphQLSchema | undefined;

/**
 * GitHub's published schema with the resolvers of what is served. Built at the first query (0.1 s, 55 MB): queries are therefore judged by
 * exactly the schema GitHub judges them by.
 */
export function githubSchema(): GraphQLSchema {
  if (schema !== undefined) return schema;
  // Read as a file beside the package's entry: importing the entry would parse 5 MB of the same schema as JSON too.
  const file = new URL('schema.graphql', import.meta.resolve('@octokit/graphql-schema'));
  // The published text defines a field twice, which only the validation of the schema itself minds.
  const built = buildSchema(readFileSync(file, 'utf8'), { noLocation: true, assumeValid: true, assumeValidSDL: true });
  for (const [name, fields] of Object.entries(types)) {
    const type = built.getType(name);
    if (!isObjectType(type)) throw new Error(`GitHub's schema has no object type ${name}`);
    for (const [field, resolve] of Object.entries(fields)) {
      const definition = type.getFields()[field];
      if (definition === undefined) throw new Error(`GitHub's schema has no field ${name}.${field}`);
      definition.resolve = (node, args, request) => resolve(node as never, args, request as never);
    }
  }
  schema = built;
  return built;
}

/** The first field of a valid document that is not served, as `Type.field`, or undefined. Nothing has been executed by then. */
export function firstUnserved(document: DocumentNode): string | undefined {
  const github = githubSchema();
  const info = new TypeInfo(github);
  let unserved: string | undefined;
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: (node) => {
        const parent = info.getParentType();
        const field = node.name.value;
        if (parent && !field.startsWith('__') && !serves(github, parent, field)) unserved ??= `${parent.name}.${field}`;
      },
    }),
  );
  return unserved;
}

function serves(github: GraphQLSchema, parent: GraphQLCompositeType, field: string): boolean {
  if (isAbstractType(parent)) {
    const known = github.getPossibleTypes(parent).filter((type) => type.name in types);
    return known.length > 0 && known.every((type) => serves(github, type, field));
  }
  if (parent.name.startsWith('__')) return true;
  if (parent.name.endsWith('Connection')) return CONNECTION_FIELDS.includes(field);
  if (parent.name.endsWith('Edge')) return EDGE_FIELDS.includes(field);
  // Nothing here ever is of a type without resolvers: its fields stand under a condition that is never true (`... on Mannequin`).
  const fields = types[parent.name];
  return fields === undefined || fields[field] !== undefined;
}
