import type { CallOptions } from './transport.ts';

export interface ListOptions extends CallOptions {
  /** Only this namespace. Default: all. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Objects a page. Default 500; 0 asks for all at once. */
  limit?: number;
}

export interface WriteOptions extends CallOptions {
  /** Who owns the written fields. Default: the client's. */
  fieldManager?: string;
  /** Validate and answer without storing. */
  dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers instead of answering Conflict. Default true. */
  force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only the object with this uid: another one of the same name answers Conflict. */
  uid?: string;
  resourceVersion?: string;
  /** Default Background. */
  propagation?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

export interface TokenRequest {
  /** Whom the token is for; empty means the API server itself. */
  audiences: string[];
  /** At least 600, as the API server demands. */
  expirationSeconds?: number;
  /** The token dies with this object. */
  boundObjectRef?: { kind: string; apiVersion: string; name: string; uid: string };
}

export interface TokenReview {
  authenticated: boolean;
  /** Audiences the token is valid for, out of those asked for. */
  audiences: string[];
  username?: string;
  uid?: string;
  groups?: string[];
  /** For a pod's token: `authentication.kubernetes.io/pod-name` and `…/pod-uid`. */
  extra?: Record<string, string[]>;
  error?: string;
}

export interface PodLogOptions extends CallOptions {
  container?: string;
  tailLines?: number;
  /** Default 1 MiB. */
  limitBytes?: number;
  previous?: boolean;
  sinceSeconds?: number;
  timestamps?: boolean;
}
