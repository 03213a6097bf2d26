import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

/** An object as the source has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; labels?: Record<string, string>; [field: string]: unknown };
  [field: string]: unknown;
}

/** One file of the source and the objects in it. */
export interface SourceFile {
  /** `rbac-conductor`: folder and name, as the chart's template is called. */
  readonly name: string;
  readonly manifests: readonly Manifest[];
}

interface Kustomization {
  readonly resources?: readonly string[];
}

/** Every file that a kustomization names, also through others, in their order. Patches of them are not for the source. */
export function readSource(folder: string): SourceFile[] {
  const { resources = [] } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  return resources.flatMap((resource) => {
    const path = join(folder, resource);
    return statSync(path).isDirectory() ? readSource(path) : [readFile(path)];
  });
}

function readFile(path: string): SourceFile {
  const documents = parseAllDocuments(readFileSync(path, 'utf8'));
  return {
    name: `${basename(dirname(path))}-${basename(path, '.yaml')}`,
    manifests: documents.map((document) => document.toJS() as Manifest | null).filter((one) => one !== null),
  };
}
