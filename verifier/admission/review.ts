import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { AskedWrite, ConsentAttestors } from '#domain';
import { HttpError } from '#lib/http';

const Metadata = Type.Object({
  name: Type.Optional(Type.String()),
  labels: Type.Optional(Type.Record(Type.String(), Type.String())),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
});
const Asked = Type.Union([
  Type.Null(),
  Type.Object({ apiVersion: Type.String(), kind: Type.String(), metadata: Metadata }),
]);

/** What of an admission request decides; the same in a review of the API server and in a question of a policy engine. */
const Request = Type.Object({
  operation: Type.Union([Type.Literal('CREATE'), Type.Literal('UPDATE'), Type.Literal('DELETE')]),
  kind: Type.Object({ group: Type.String(), version: Type.String(), kind: Type.String() }),
  resource: Type.Optional(Type.Object({ group: Type.String(), version: Type.String(), resource: Type.String() })),
  subResource: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  userInfo: Type.Object({ username: Type.Optional(Type.String()) }),
  object: Type.Optional(Asked),
  oldObject: Type.Optional(Asked),
});

/** What an API server asks (admission.k8s.io/v1). */
const AdmissionReview = Type.Object({
  apiVersion: Type.Literal('admission.k8s.io/v1'),
  kind: Type.Literal('AdmissionReview'),
  request: Type.Intersect([Type.Object({ uid: Type.String({ minLength: 1 }) }), Request]),
});

/** A write as it is asked about. */
export interface Asked extends AskedWrite {
  /** What is scaled, where it is the scale of something that is written. */
  readonly scales?: { readonly group: string; readonly version: string; readonly plural: string };
}

export interface Review {
  readonly uid: string;
  readonly asked: Asked;
}

/** Throws HttpError BadRequest for what is no AdmissionReview of version 1 about a write. */
export function parseReview(body: unknown): Review {
  if (!Value.Check(AdmissionReview, body)) {
    throw new HttpError(
      'BadRequest',
      'NotAReview',
      'The body is not an AdmissionReview of admission.k8s.io/v1 of a write.',
    );
  }
  return { uid: body.request.uid, asked: askedOf(body.request) };
}

/** The request of an admission review alone. Throws HttpError BadRequest. */
export function parseRequest(body: unknown): Asked {
  if (Value.Check(Request, body)) return askedOf(body);
  throw new HttpError('BadRequest', 'NotARequest', 'The body is not the request of an AdmissionReview of a write.');
}

function askedOf(request: Static<typeof Request>): Asked {
  const { operation, kind, namespace, userInfo } = request;
  const object = operation === 'DELETE' ? null : (request.object ?? null);
  const oldObject = operation === 'CREATE' ? null : (request.oldObject ?? null);
  const wanted = { CREATE: object, UPDATE: object && oldObject, DELETE: oldObject }[operation];
  if (wanted === null) {
    throw new HttpError('BadRequest', 'NoObject', `The review of a ${operation} comes without the object it is about.`);
  }
  return {
    operation,
    group: kind.group,
    kind: kind.kind,
    // The namespace of a Namespace is that of its own name; it is an object of the cluster for all that.
    namespace: !namespace || (kind.group === '' && kind.kind === 'Namespace') ? null : namespace,
    name: request.name || (object ?? oldObject)?.metadata.name || '',
    user: userInfo.username ?? '',
    object: object as AskedWrite['object'],
    oldObject: oldObject as AskedWrite['oldObject'],
    ...scaledBy(request),
  };
}

function scaledBy({ kind, resource, subResource }: Static<typeof Request>): Pick<Asked, 'scales'> {
  if (kind.group !== 'autoscaling' || kind.kind !== 'Scale') return {};
  if (subResource !== 'scale' || resource === undefined)
    throw new HttpError('BadRequest', 'NotARequest', 'The review of a Scale does not say what is scaled.');
  return { scales: { group: resource.group, version: resource.version, plural: resource.resource } };
}

/** What is answered to a write: `unknown` where nobody can tell now, which is refused and may be tried again. */
export type Answer =
  /** `attestors`: who vouched, where somebody had to. */
  | { readonly state: 'allowed'; readonly because: string; readonly attestors?: ConsentAttestors }
  | { readonly state: 'refused' | 'unknown'; readonly message: string };

/** Longer sentences are cut: an API server shows them to people. */
const LONGEST = 1_024;

/** The AdmissionReview that answers. Why something was let through is noted in the audit log of the API server. */
export function answerReview(uid: string, answer: Answer): object {
  const response =
    answer.state === 'allowed'
      ? { uid, allowed: true, auditAnnotations: { 'consent.rig.dashecorp.com': answer.because.slice(0, LONGEST) } }
      : { uid, allowed: false, status: statusOf(answer) };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

function statusOf({ state, message }: Exclude<Answer, { state: 'allowed' }>): object {
  const cut = message.slice(0, LONGEST);
  return state === 'refused'
    ? { code: 403, reason: 'Forbidden', message: cut }
    : { code: 503, reason: 'ServiceUnavailable', message: cut };
}
