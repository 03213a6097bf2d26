import type { Manifest } from '../approval/manifest.ts';

/** A write that an API server asks about, before it is done. A dry run is asked like any other. */
export interface AskedWrite {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** Group and kind of the object. */
  readonly group: string;
  readonly kind: string;
  /** Null for an object that is in no namespace. */
  readonly namespace: string | null;
  readonly name: string;
  /** Who asks. */
  readonly user: string;
  /** The object as it would be; null where it is deleted. */
  readonly object: Manifest | null;
  /** The object as it is; null where it is made. */
  readonly oldObject: Manifest | null;
}

/** `Secret shop/db`, `ClusterRole reader`. */
export function titleOf({ kind, namespace, name }: Pick<AskedWrite, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name || '(unnamed)'}`;
}
