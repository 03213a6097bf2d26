import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceSection } from '../sections.ts';
import { chartFile, schemaFile, valuesFile, valuesTable } from './documents.ts';
import { permissionsTable } from './permissions.ts';
import { readSource } from './source.ts';
import { templateOf } from './templates.ts';
import { valuesOf } from './values.ts';

interface Generated {
  readonly path: string;
  generate(current: string): string;
}

/** The chart `charts/rig`, from the files that `config/default` is made of, and the tables about both in docs/install.md. */
export function chartFiles(root: string): Generated[] {
  const source = readSource(join(root, 'config', 'default'));
  const manifests = source.flatMap((file) => file.manifests);
  const values = valuesOf(manifests);
  const twin = values.find(({ path }, index) => values.findIndex((other) => other.path === path) !== index);
  if (twin !== undefined) throw new Error(`${twin.path} is there twice`);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const templates = source.flatMap((file) => {
    const text = templateOf(file, values);
    return text === undefined ? [] : [{ path: `charts/rig/templates/${file.name}.yaml`, generate: () => text }];
  });
  const tenant = readSource(join(root, 'config', 'tenant')).flatMap((file) => file.manifests);
  return [
    { path: 'charts/rig/Chart.yaml', generate: () => chartFile(version) },
    { path: 'charts/rig/values.yaml', generate: () => valuesFile(values, manifests) },
    { path: 'charts/rig/values.schema.json', generate: () => schemaFile(values) },
    ...templates,
    {
      path: 'docs/install.md',
      generate: (current) =>
        replaceSection(
          replaceSection(current, 'values', valuesTable(values, manifests)),
          'permissions',
          permissionsTable([...manifests, ...tenant]),
        ),
    },
  ];
}
