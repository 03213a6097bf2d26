/** The part of Kubernetes' ObjectMeta that the rig reads or writes. Times are RFC 3339 strings, as on the wire. */
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
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Names the object that this one belongs to and is garbage-collected with. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** An object of one of the rig's kinds, as the API server returns it: every field with a default is there. */
export interface CustomResource<Kind extends string, Spec, Status> {
  apiVersion: 'rig.dashecorp.com/v1alpha1';
  kind: Kind;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
}

/** An object as somebody applies it: what they do not say, the API server fills in or refuses. */
export type Applied<Resource extends CustomResource<string, unknown, unknown>> = Pick<
  Resource,
  'apiVersion' | 'kind' | 'metadata'
> & { spec?: DeepPartial<Resource['spec']>; status?: DeepPartial<Resource['status']> };

type DeepPartial<T> = T extends (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> }
    : T;
