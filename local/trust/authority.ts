import 'reflect-metadata';
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { signedCertificateTimestamp } from './certificate-log.ts';
import { utf8 } from './der.ts';
import { TrustError } from './error.ts';
import { ALGORITHM, AUTHORITY_NAME, cryptoKey, extensions, type Keys, serial } from './keys.ts';

const LIFE_MS = 10 * 60_000;
/** Who vouched for the name, as Fulcio writes it: first the plain bytes, then as DER. */
const FULCIO = '1.3.6.1.4.1.57264.1';
const ISSUER_V1 = `${FULCIO}.1`;
const ISSUER_V2 = `${FULCIO}.8`;
const TIMESTAMP_LIST = '1.3.6.1.4.1.11129.2.4.2';

/** `POST /api/v2/signingCert` of Fulcio. */
const Request = Type.Object({
  /** Left out where the token is in the header Authorization. */
  credentials: Type.Optional(Type.Object({ oidcIdentityToken: Type.String() })),
  publicKeyRequest: Type.Optional(
    Type.Object({ publicKey: Type.Object({ content: Type.String() }), proofOfPossession: Type.String() }),
  ),
  certificateSigningRequest: Type.Optional(Type.String()),
});

/** A name that an identity provider vouched for. */
export interface Vouched {
  readonly issuer: string;
  /** As the token says it; a proof of possession may be over it. */
  readonly subject: string;
  /** What the certificate is for. */
  readonly name: { readonly type: 'email' | 'url'; readonly value: string };
  /** What the certificate tells of a build, by the last number of Fulcio's extension; null for a person. */
  readonly build: Readonly<Record<number, string>> | null;
}

/** Checks an identity token; throws {@link TrustError} `BadToken`. */
export type TokenCheck = (token: string) => Promise<Vouched>;

/** What a certificate is issued with. */
export interface Issuing {
  readonly keys: Keys;
  readonly check: TokenCheck;
  readonly now: () => Date;
  /** Token of the header Authorization, where there is one. */
  readonly bearer: string | undefined;
}

/**
 * Answers a request for a certificate as Fulcio does: to whoever has a good token and proves to hold the key, ten minutes
 * long, with the certificate log's promise in it. Leaf first, then the root, as PEM. Throws {@link TrustError}.
 */
export async function issueCertificate(body: unknown, { keys, check, now, bearer }: Issuing): Promise<string[]> {
  if (!Check(Request, body)) throw new TrustError('BadRequest', 'The request is not one for a signing certificate.');
  const vouched = await check(body.credentials?.oidcIdentityToken ?? bearer ?? '');
  const publicKey = await provenKey(body, vouched);
  const certificate = await makeCertificate(publicKey, vouched, { keys, at: now() });
  return [pem(certificate), pem(keys.certificates.authority)];
}

async function provenKey(request: Static<typeof Request>, vouched: Vouched): Promise<KeyObject> {
  const { publicKeyRequest, certificateSigningRequest } = request;
  if (publicKeyRequest !== undefined) return challenged(publicKeyRequest, vouched);
  if (certificateSigningRequest === undefined) {
    throw new TrustError('BadRequest', 'The request has neither a public key nor a certificate signing request.');
  }
  const text = Buffer.from(certificateSigningRequest, 'base64').toString('latin1');
  const asked = attempt(() => new Pkcs10CertificateRequest(text));
  if (!(await asked.verify()))
    throw new TrustError('BadProof', 'The certificate signing request is not signed by its key.');
  return ecKey(asked.publicKey.toString('pem'));
}

function challenged(
  { publicKey, proofOfPossession }: NonNullable<Static<typeof Request>['publicKeyRequest']>,
  { subject, name }: Vouched,
): KeyObject {
  const key = ecKey(publicKey.content);
  const proof = Buffer.from(proofOfPossession, 'base64');
  const proves = [name.value, subject].some((text) => verify('sha256', Buffer.from(text), key, proof));
  if (!proves) throw new TrustError('BadProof', 'The proof of possession is not a signature of the name by the key.');
  return key;
}

function ecKey(text: string): KeyObject {
  const key = attempt(() => createPublicKey(text));
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new TrustError('BadRequest', 'Only keys on the curve P-256 get a certificate here.');
  }
  return key;
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TrustError('BadRequest', 'The key in the request cannot be read.', { cause });
  }
}

async function makeCertificate(
  publicKey: KeyObject,
  { issuer, name, build }: Vouched,
  { keys, at }: { keys: Keys; at: Date },
): Promise<Buffer> {
  const { authority, certificateLog } = keys.key;
  const wanted = {
    serialNumber: serial(),
    issuer: AUTHORITY_NAME,
    notBefore: at,
    notAfter: new Date(at.getTime() + LIFE_MS),
    publicKey: await cryptoKey(publicKey),
    signingKey: await cryptoKey(authority.privateKey),
    signingAlgorithm: ALGORITHM,
    extensions: await extensions({ publicKey }, authority, [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.codeSigning]),
      new SubjectAlternativeNameExtension([name], true),
      new Extension(ISSUER_V1, false, Buffer.from(issuer, 'utf8')),
      new Extension(ISSUER_V2, false, utf8(issuer)),
      ...Object.entries(build ?? {}).map(([number, text]) => new Extension(`${FULCIO}.${number}`, false, utf8(text))),
    ]),
  };
  const before = Buffer.from((await X509CertificateGenerator.create(wanted)).rawData);
  const promise = signedCertificateTimestamp(before, { log: certificateLog, issuer: authority, at });
  wanted.extensions.push(new Extension(TIMESTAMP_LIST, false, promise));
  return Buffer.from((await X509CertificateGenerator.create(wanted)).rawData);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
