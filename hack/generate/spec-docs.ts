import type { CustomResourceDefinition, Schema } from '#crds';
import { fieldsTable } from './fields.ts';
import { replaceSection, table } from './sections.ts';

/** `docs/spec/<kind>.md` with its example, fields, rules, columns and status written anew from the definition and its sample. */
export function specDocument(text: string, definition: CustomResourceDefinition, sample: string): string {
  const version = definition.spec.versions[0]!;
  const { spec, status } = version.schema.openAPIV3Schema.properties!;
  const sections = {
    example: `\`\`\`yaml\n${sample.trim()}\n\`\`\``,
    fields: fieldsTable(spec!, 'spec'),
    rules: rules(version.schema.openAPIV3Schema),
    columns: table(
      ['column', 'shows'],
      version.additionalPrinterColumns.map(({ name, jsonPath }) => [name.toUpperCase(), `\`${jsonPath}\``]),
    ),
    status: fieldsTable(status!, 'status'),
  };
  return Object.entries(sections).reduce((document, [name, content]) => replaceSection(document, name, content), text);
}

function rules(schema: Schema): string {
  const collect = (part: Schema): string[] => [
    ...(part['x-kubernetes-validations'] ?? []).map(({ message }) => `- ${message}`),
    ...Object.values(part.properties ?? {}).flatMap(collect),
    ...(part.items ? collect(part.items) : []),
    ...(part.additionalProperties ? collect(part.additionalProperties) : []),
  ];
  return collect(schema).join('\n');
}
