import { bundleFromJSON } from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity } from '@sigstore/verify';
import { type Holder, holderOf } from './certificate.ts';
import { AttestError } from './error.ts';
import type { SignedTime, Trust } from './root.ts';

/** More than any Approval has; each costs a signature to check. */
const MOST_WITNESSES = 4;
export const MAX_BUNDLE_BYTES = 512 * 1_024;
/** Characters of what a library said. */
const MOST_SAID = 300;

/** What cryptography alone says of a bundle: who signed which bytes, and when at the latest. */
export interface Opened {
  readonly payloadType: string;
  /** The signed bytes, which are valid UTF-8. */
  readonly payload: string;
  readonly identity: { readonly subject: string; readonly issuer: string };
  /** What the name in the certificate is. */
  readonly nameKind: 'email' | 'uri';
  /** sha256 (hex) of the key that signed: the same however its certificate, log entry or signature is encoded. */
  readonly key: string;
  /** The certificate tells of a build: no person held it. */
  readonly workflow: boolean;
  /** By the earliest of the trusted witnesses, in ms: a later one, added afterwards, makes nothing younger. */
  readonly signedAt: number;
}

/**
 * Verifies a Sigstore bundle (its JSON) offline against a trusted root: certificate chain, the certificate log's promise,
 * the log entry and that it is of this very envelope, times, and the signature. What the payload says is nobody's word but
 * the signer's: whether that signer counts and that payload is wanted is for the rules to say. Throws {@link AttestError}
 * `BundleInvalid` or `SignatureInvalid`. Opens no connection.
 */
export function openBundle(text: string, trust: Trust): Opened {
  const bundle = readBundle(text);
  try {
    trust.verifier.verify(bundle.entity);
  } catch (cause) {
    throw new AttestError('SignatureInvalid', `The bundle does not verify: ${sentenceOf(cause)}`, { cause });
  }
  const { subject, issuer, nameKind, key, workflow } = bundle.holder;
  return {
    payloadType: bundle.payloadType,
    payload: bundle.payload,
    identity: { subject, issuer },
    nameKind,
    key,
    workflow,
    signedAt: signedAt(bundle.entity, trust.signedTime),
  };
}

/** {@link openBundle}, whose refusals are an answer: what the rules take for an opener of bundles, with a trusted root in hand. */
export function openedOrRefused(
  text: string,
  trust: Trust,
): Opened | { readonly refused: 'BundleInvalid' | 'SignatureInvalid'; readonly message: string } {
  try {
    return openBundle(text, trust);
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    return { refused: error.code === 'BundleInvalid' ? 'BundleInvalid' : 'SignatureInvalid', message: error.message };
  }
}

interface ReadBundle {
  readonly entity: SignedEntity;
  readonly holder: Holder;
  readonly payloadType: string;
  readonly payload: string;
}

function readBundle(text: string): ReadBundle {
  if (Buffer.byteLength(text) > MAX_BUNDLE_BYTES) throw invalid(`it is larger than ${MAX_BUNDLE_BYTES / 1_024} KiB`);
  try {
    const bundle = bundleFromJSON(JSON.parse(text));
    const { content, verificationMaterial } = bundle;
    if (content.$case !== 'dsseEnvelope') throw invalid('it signs a file, not an envelope with a statement');
    const { tlogEntries, timestampVerificationData } = verificationMaterial;
    const witnesses = tlogEntries.length + (timestampVerificationData?.rfc3161Timestamps.length ?? 0);
    if (witnesses > MOST_WITNESSES) throw invalid(`it has more than ${MOST_WITNESSES} witnesses`);
    const { payload, payloadType } = content.dsseEnvelope;
    const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const entity = toSignedEntity(bundle);
    if (entity.key.$case !== 'certificate') throw invalid('it is signed with a bare key, which nobody vouched for');
    return { entity, holder: holderOf(entity.key.certificate), payloadType, payload: utf8.decode(payload) };
  } catch (cause) {
    if (cause instanceof AttestError) throw cause;
    throw new AttestError('BundleInvalid', 'It is not a Sigstore bundle that can be read.', { cause });
  }
}

/** All of them were verified before. An entry without the log's promise has a time that nobody signed. */
function signedAt({ tlogEntries, timestamps }: SignedEntity, wanted: SignedTime): number {
  const promised = tlogEntries
    .filter(({ inclusionPromise, integratedTime }) => inclusionPromise !== undefined && Number(integratedTime) > 0)
    .map(({ integratedTime }) => Number(integratedTime) * 1_000);
  const stamped = timestamps.flatMap((one) =>
    one.$case === 'timestamp-authority' ? [one.timestamp.signingTime.getTime()] : [],
  );
  const of = { log: promised, timestamp: stamped, either: [...promised, ...stamped] }[wanted];
  if (of.length > 0) return Math.min(...promised, ...stamped);
  throw new AttestError(
    'SignatureInvalid',
    `The bundle does not verify: ${wanted === 'log' ? 'no log' : 'no timestamp authority'} says when it was signed.`,
  );
}

function invalid(why: string): AttestError {
  return new AttestError('BundleInvalid', `It is not a bundle of an approval: ${why}.`);
}

/** What the library says has words of the bundle in it, which nobody signed: of any length, and with anything in them. */
function sentenceOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/[^\x20-\x7e]+/g, '?');
  const short = message.length <= MOST_SAID ? message : `${message.slice(0, MOST_SAID)}...`;
  return /[.!?]$/.test(short) ? short : `${short}.`;
}
