import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';

/** The objects of a kustomization, in the order in which they are applied. `kubectl` is the control plane's binary. */
export async function renderKustomization(kubectl: string, folder: string): Promise<KubeObject[]> {
  const { stdout } = await promisify(execFile)(kubectl, ['kubectl', 'kustomize', folder], {
    maxBuffer: 64 * 2 ** 20,
  }).catch((cause: { stderr?: string }) => {
    throw new ExitError(ExitCode.Environment, `${folder} cannot be rendered: ${cause.stderr?.trim()}`, { cause });
  });
  return inOrder(parseManifests(stdout));
}

/** Every object of a YAML stream; empty documents are left out. */
export function parseManifests(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

const FIRST = ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', 'ClusterRole', 'Role'];

/** What others stand on comes first; the rest keeps its order. */
export function inOrder(objects: readonly KubeObject[]): KubeObject[] {
  const rank = ({ kind = '' }: KubeObject) => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length);
  return [...objects].sort((a, b) => rank(a) - rank(b));
}
