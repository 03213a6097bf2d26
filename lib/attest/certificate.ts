import { createHash } from 'node:crypto';
import type { X509Certificate } from '@sigstore/core';
import { AttestError } from './error.ts';

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const ISSUER_V1 = '1.3.6.1.4.1.57264.1.1';
const ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';
/** What Fulcio writes of a build, and of nobody else: 2 to 6, and from 9 on. */
const BUILD = /^1\.3\.6\.1\.4\.1\.57264\.1\.([2-6]|9|[1-9][0-9]+)$/;
/** General names by tag (RFC 5280, section 4.2.1.6): a mail address, a URI. */
const NAMES = new Map([
  [1, 'email'],
  [6, 'uri'],
] as const);

/** Who a certificate was given to. */
export interface Holder {
  readonly subject: string;
  readonly issuer: string;
  /** What the name is. A mail address in a URI is another name than the address itself. */
  readonly nameKind: 'email' | 'uri';
  /** sha256 (hex) of the public key (SubjectPublicKeyInfo): the one part of a certificate that cannot be written in two ways. */
  readonly key: string;
  /** It tells of a build: a machine holds it, whatever its name. */
  readonly workflow: boolean;
}

/**
 * Reads who holds a certificate. Exactly one name and one issuer, both read as they stand: a reader that drops bits
 * from what is no ASCII would make one name of two. Throws {@link AttestError} `BundleInvalid`.
 */
export function holderOf(certificate: X509Certificate): Holder {
  const byOID = new Map<string, Buffer[]>();
  for (const extension of certificate.extensions) {
    const oid = extension.subs[0]!.toOID();
    byOID.set(oid, [...(byOID.get(oid) ?? []), extension.subs.at(-1)!.value]);
  }
  const workflow = [...byOID.keys()].some((oid) => BUILD.test(oid));
  const key = createHash('sha256').update(certificate.publicKey).digest('hex');
  return { ...nameOf(certificate, byOID), issuer: issuerOf(certificate, byOID), key, workflow };
}

function nameOf(certificate: X509Certificate, byOID: Map<string, Buffer[]>): Pick<Holder, 'subject' | 'nameKind'> {
  const names = certificate.extension(SUBJECT_ALTERNATIVE_NAME)?.valueObj.subs[0]?.subs ?? [];
  const [name] = names;
  const nameKind = name === undefined ? undefined : NAMES.get(name.tag.number as 1 | 6);
  if (byOID.get(SUBJECT_ALTERNATIVE_NAME)?.length !== 1 || names.length !== 1 || nameKind === undefined) {
    throw new AttestError('BundleInvalid', 'The certificate must have one name, a mail address or a URI.');
  }
  return { subject: ascii(name!.value), nameKind };
}

function issuerOf(certificate: X509Certificate, byOID: Map<string, Buffer[]>): string {
  const [first = [], second = []] = [byOID.get(ISSUER_V1), byOID.get(ISSUER_V2)];
  if (first.length > 1 || second.length > 1 || first.length + second.length === 0) {
    throw new AttestError('BundleInvalid', 'The certificate must say once who vouched for its name.');
  }
  const inDER = certificate.extension(ISSUER_V2)?.valueObj.subs[0];
  const issuers = [...first.map(ascii), ...(second.length === 0 ? [] : [ascii(inDER?.value ?? Buffer.alloc(0))])];
  if (new Set(issuers).size !== 1) {
    throw new AttestError('BundleInvalid', 'The certificate names two issuers that vouched for its name.');
  }
  return issuers[0]!;
}

/** IA5String and URLs have nothing else in them; neither do names that people can tell apart. */
function ascii(bytes: Buffer): string {
  if (bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f)) return bytes.toString('latin1');
  throw new AttestError('BundleInvalid', 'The name or issuer in the certificate has characters that no address has.');
}
