import { stringify } from 'yaml';
import { table } from '../sections.ts';
import type { Manifest } from './source.ts';
import { defaultOf } from './templates.ts';
import type { Value } from './values.ts';

const HEAD = '# Generated from config/ by hack/generate. Do not edit.\n';

export function chartFile(version: string): string {
  return (
    HEAD +
    stringify({
      apiVersion: 'v2',
      name: 'rig',
      description: 'A fleet of coding agents under policy',
      type: 'application',
      version,
      appVersion: `v${version}`,
      kubeVersion: '>=1.33.0-0',
    })
  );
}

/** values.yaml: every value with its default, each under a line that says what it is. */
export function valuesFile(values: readonly Value[], manifests: readonly Manifest[]): string {
  const lines: string[] = [];
  let group = '';
  for (const value of values) {
    const [first, ...rest] = value.path.split('.') as [string, string];
    if (first !== group) lines.push(`${first}:`);
    group = first;
    const entry = stringify({ [rest.join('.')]: defaultOf(value, manifests) }, { lineWidth: 0 }).trimEnd();
    lines.push(`  # ${value.says}`, ...entry.split('\n').map((line) => `  ${line}`));
  }
  return `${HEAD}${lines.join('\n')}\n`;
}

/** values.schema.json: a value that is not known is refused, so that a slip of the pen is not a default. */
export function schemaFile(values: readonly Value[]): string {
  const groups: Record<string, { type: string; additionalProperties: boolean; properties: Record<string, object> }> =
    {};
  for (const { path, says, schema } of values) {
    const [first, second] = path.split('.') as [string, string];
    groups[first] ??= { type: 'object', additionalProperties: false, properties: {} };
    groups[first].properties[second] = { description: says, ...schema };
  }
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the chart rig',
    type: 'object',
    additionalProperties: false,
    // Helm hands `global` to every chart.
    properties: { ...groups, global: { type: 'object' } },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** The table of values in docs/install.md. */
export function valuesTable(values: readonly Value[], manifests: readonly Manifest[]): string {
  const rows = values.map((value) => [
    `\`${value.path}\``,
    `\`${JSON.stringify(defaultOf(value, manifests))}\``,
    value.says,
  ]);
  return table(['value', 'default', 'what it is'], rows);
}
