import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The folder of Flux's own definition of a Kustomization, in the module that the controller is built from. */
export async function kustomizationCRD(): Promise<string> {
  const module = 'github.com/fluxcd/kustomize-controller';
  const { stdout } = await promisify(execFile)('go', ['list', '-m', '-f', '{{.Dir}}', module], {
    cwd: import.meta.dirname,
  });
  return join(stdout.trim(), 'config', 'crd', 'bases', 'kustomize.toolkit.fluxcd.io_kustomizations.yaml');
}

const SOURCES = {
  GitRepository: 'gitrepositories',
  OCIRepository: 'ocirepositories',
  Bucket: 'buckets',
  ExternalArtifact: 'externalartifacts',
};

/** Definitions of the sources that the controller watches, without their schemas: nothing here validates a source. */
export function sourceCRDs(): object {
  const group = 'source.toolkit.fluxcd.io';
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const items = Object.entries(SOURCES).map(([kind, plural]) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: anything },
        },
      ],
    },
  }));
  return { apiVersion: 'v1', kind: 'List', items };
}
