import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Manifest, readSource } from '../hack/generate/chart/source.ts';
import { MAY } from './permissions.int-kit.ts';

const manifests = ['default', 'tenant'].flatMap((folder) =>
  readSource(join(import.meta.dirname, folder)).flatMap((file) => file.manifests),
);

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding extends Manifest {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding')) as Binding[];

/** `secrets`, `jobs.batch`, `issues.rig.dashecorp.com/status`. */
function titleOf(group: string, resource: string): string {
  const [name = '', subresource] = resource.split('/');
  return `${name}${group && `.${group}`}${subresource ? `/${subresource}` : ''}`;
}

function granted({ roleRef, metadata: { namespace } }: Binding): string[] {
  const role = manifests.find(({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name);
  return ((role?.rules ?? []) as Rule[]).flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.flatMap((name) =>
          verbs.map((verb) => `${verb} ${titleOf(group, resource)} @${namespace ?? '*'} ${name}`.trim()),
        ),
      ),
    ),
  );
}

/** One line of the table for each verb and resource. */
function expected(line: string): string[] {
  const [verbs = '', titles = '', place = '', name = ''] = line.split(' ');
  return verbs
    .split(',')
    .flatMap((verb) => titles.split(',').map((title) => `${verb} ${title} ${place} ${name}`.trim()));
}

test('every ServiceAccount of the install and of a tenant has its row in the table of permissions', () => {
  const accounts = manifests
    .filter(({ kind }) => kind === 'ServiceAccount')
    .map(({ metadata }) => `${metadata.namespace}:${metadata.name}`);
  assert.deepEqual(Object.keys(MAY).sort(), accounts.sort());
});

test('the rules of each ServiceAccount are the lines of the table, none more and none less', () => {
  for (const [account, lines] of Object.entries(MAY)) {
    const own = bindings.filter(({ subjects }) =>
      subjects.some(({ kind, name, namespace }) => kind === 'ServiceAccount' && `${namespace}:${name}` === account),
    );
    assert.deepEqual(own.flatMap(granted).sort(), lines.flatMap(expected).sort(), account);
  }
});

/** The bindings to people: they say whose signatures count, and whom the API server asks. */
const ROOT = { kind: 'Group', name: 'rig:root', apiGroup: 'rbac.authorization.k8s.io' };

test('the install binds a role to nobody but its ServiceAccounts, and to rig:root who may say whose signatures count', () => {
  for (const { metadata, subjects } of bindings) {
    assert.ok(subjects.length > 0, metadata.name);
    if (metadata.name === 'rig-trust-root' || metadata.name === 'rig-admission-root') {
      assert.ok(metadata.namespace === 'rig-verifier' || metadata.namespace === undefined);
      assert.deepEqual(subjects, [ROOT]);
      continue;
    }
    for (const { kind, name, namespace } of subjects) {
      assert.equal(kind, 'ServiceAccount', metadata.name);
      assert.ok(`${namespace}:${name}` in MAY, metadata.name);
    }
  }
});
