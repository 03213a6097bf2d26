import { table } from '../sections.ts';
import type { Manifest } from './source.ts';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding extends Manifest {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string }[];
}

/** The table of permissions in docs/install.md: what each ServiceAccount of the rig may do, and where. */
export function permissionsTable(manifests: readonly Manifest[]): string {
  const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding')) as Binding[];
  const rows = bindings.flatMap((binding) => {
    const role = manifests.find(
      ({ kind, metadata }) => kind === binding.roleRef.kind && metadata.name === binding.roleRef.name,
    );
    const rules = (role?.rules ?? []) as Rule[];
    const where = binding.kind === 'ClusterRoleBinding' ? 'everywhere' : whereOf(binding);
    return binding.subjects.flatMap(({ name }) =>
      rules.map((rule) => [`\`${name}\``, where, resourcesOf(rule), rule.verbs.join(', ')]),
    );
  });
  return table(['ServiceAccount', 'where', 'what', 'verbs'], rows);
}

function whereOf({ metadata }: Manifest): string {
  const own = ['rig-system', 'rig-verifier'].find((name) => name === metadata.namespace);
  return own === undefined ? 'each tenant' : `\`${own}\``;
}

function resourcesOf({ apiGroups = [], resources = [], resourceNames = [] }: Rule): string {
  const group = apiGroups.filter((name) => name !== '').map((name) => `.${name}`)[0] ?? '';
  const only = resourceNames.length === 0 ? '' : ` (only ${resourceNames.map((name) => `\`${name}\``).join(', ')})`;
  return resources.map((resource) => `\`${resource}${group}\``).join(', ') + only;
}
