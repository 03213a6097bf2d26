import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { HttpError } from '#lib/http';
import type { KubeObject } from '#lib/kube';

/** What an API server asks (admission.k8s.io/v1), as far as advice needs it. */
const AdmissionReview = Type.Object({
  apiVersion: Type.Literal('admission.k8s.io/v1'),
  kind: Type.Literal('AdmissionReview'),
  request: Type.Object({
    uid: Type.String({ minLength: 1 }),
    kind: Type.Object({ group: Type.String(), version: Type.String(), kind: Type.String() }),
    namespace: Type.Optional(Type.String()),
    object: Type.Union([Type.Object({ metadata: Type.Object({}) }), Type.Null()]),
  }),
});

/** A request to admit an object. */
export interface Asked {
  readonly uid: string;
  readonly kind: string;
  readonly namespace: string;
  readonly object: KubeObject | null;
}

/** Throws HttpError BadRequest for what is no AdmissionReview of version 1. */
export function parseReview(body: unknown): Asked {
  if (!Value.Check(AdmissionReview, body))
    throw new HttpError('BadRequest', 'NotAReview', 'The body is not an AdmissionReview of admission.k8s.io/v1.');
  const { uid, kind, namespace = '', object } = body.request;
  return { uid, kind: kind.kind, namespace, object: object as KubeObject | null };
}

/** Longer ones are cut by kubectl, and may be left out. */
const LONGEST_WARNING = 256;
const MOST_WARNINGS = 8;

/** The answer that admits and says what the person should know. There is no other: nothing that protects hangs on it. */
export function admit(uid: string, warnings: readonly string[]): object {
  const said = warnings.slice(0, MOST_WARNINGS).map((warning) => warning.slice(0, LONGEST_WARNING));
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed: true, ...(said.length > 0 ? { warnings: said } : {}) },
  };
}
