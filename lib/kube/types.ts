/** metadata of a Kubernetes object, as far as the runtime and its users read it. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** The least that is known of any object. Custom resources and built-in kinds are passed as narrower types. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
}

/**
 * Where a kind is served. `group` is empty for core kinds. The type parameter carries the object's type from the descriptor
 * to the calls that take it; nothing exists of it at run time.
 */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: only binds T to the descriptor. */
  readonly objectType?: T;
}

/** Names one object; `namespace` is left out for cluster-scoped kinds. */
export interface ObjectRef {
  namespace?: string;
  name: string;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A metav1.Condition. */
export interface Condition {
  type: string;
  status: ConditionStatus;
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

/** A list with the version a watch may start from. */
export interface ObjectList<T extends KubeObject> {
  items: T[];
  resourceVersion: string;
}
