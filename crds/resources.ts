/** API group of every kind of the rig. */
export const group = 'rig.dashecorp.com';

/** The one served and stored version. */
export const version = 'v1alpha1';

/** `apiVersion` of every object of the rig. */
export const apiVersion = `${group}/${version}` as const;

/** What a client needs to know to reach the objects of one kind. */
export interface ResourceDescriptor<Kind extends string = string> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: Kind;
  readonly namespaced: boolean;
}

/** A descriptor per kind; a test holds them equal to the CRDs. */
export const resources = {
  Repository: { group, version, plural: 'repositories', kind: 'Repository', namespaced: true },
  Agent: { group, version, plural: 'agents', kind: 'Agent', namespaced: true },
  Issue: { group, version, plural: 'issues', kind: 'Issue', namespaced: true },
  AgentTask: { group, version, plural: 'agenttasks', kind: 'AgentTask', namespaced: true },
  TierPolicy: { group, version, plural: 'tierpolicies', kind: 'TierPolicy', namespaced: false },
  Approval: { group, version, plural: 'approvals', kind: 'Approval', namespaced: true },
} as const satisfies Record<string, ResourceDescriptor>;

/** A kind of the rig. */
export type Kind = keyof typeof resources;
