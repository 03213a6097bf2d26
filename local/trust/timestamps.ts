import { createHash, randomBytes, sign } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import {
  elements,
  explicit,
  generalizedTime,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  setOf,
  utcTime,
} from './der.ts';
import { TrustError } from './error.ts';
import type { Keys } from './keys.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TIMESTAMP_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
/** Of Sigstore's own timestamp authority. */
const POLICY = '1.3.6.1.4.1.57264.2';
const DIGEST_BYTES = 32;

/** What is to be stamped. */
export interface TimestampRequest {
  /** sha256. */
  readonly digest: Buffer;
  readonly nonce: bigint | null;
  /** Whether the answer carries the certificate. */
  readonly certificates: boolean;
}

const Asked = Type.Object({
  artifactHash: Type.String(),
  hashAlgorithm: Type.Literal('sha256'),
  nonce: Type.Optional(Type.Integer({ minimum: 0 })),
  certificates: Type.Optional(Type.Boolean()),
});

/** Reads a request as JSON, which Sigstore's clients send. Throws {@link TrustError} `BadRequest`. */
export function readJSONRequest(body: unknown): TimestampRequest {
  if (!Check(Asked, body))
    throw new TrustError('BadRequest', 'The timestamp request needs artifactHash and hashAlgorithm sha256.');
  const { artifactHash, nonce, certificates = false }: Static<typeof Asked> = body;
  return checked({
    digest: Buffer.from(artifactHash, 'base64'),
    nonce: nonce === undefined ? null : BigInt(nonce),
    certificates,
  });
}

/** Reads a TimeStampReq (RFC 3161, section 2.4.1). Throws {@link TrustError} `BadRequest`. */
export function readDERRequest(body: Buffer): TimestampRequest {
  try {
    const [request] = elements(body);
    const [, imprint, ...optional] = elements(request!.content);
    const [algorithm, hashed] = elements(imprint!.content);
    if (!elements(algorithm!.content)[0]!.whole.equals(oid(SHA256))) throw new RangeError('another algorithm');
    const nonce = optional.find(({ tag }) => tag === 0x02);
    const asksCertificates = optional.find(({ tag }) => tag === 0x01);
    return checked({
      digest: hashed!.content,
      nonce: nonce === undefined ? null : BigInt(`0x${nonce.content.toString('hex')}`),
      certificates: asksCertificates !== undefined && asksCertificates.content[0] !== 0,
    });
  } catch (cause) {
    if (cause instanceof TrustError) throw cause;
    throw new TrustError('BadRequest', 'The body is no timestamp request over a sha256.', { cause });
  }
}

function checked(request: TimestampRequest): TimestampRequest {
  if (request.digest.length === DIGEST_BYTES) return request;
  throw new TrustError('BadRequest', 'The digest to stamp is no sha256.');
}

/** The answer (TimeStampResp of RFC 3161): that these bytes were there at that second. */
export function timestamp(request: TimestampRequest, { keys, at }: { keys: Keys; at: Date }): Buffer {
  const info = infoOf(request, at);
  const { certificates, key } = keys;
  const attributes = attributesOf(info, certificates.timestamps, at);
  const signature = sign('sha256', attributes, key.timestamps.privateKey);
  const { issuer, serial } = namesOf(certificates.timestamps);
  const signer = sequence(
    integer(1),
    sequence(issuer, serial),
    sequence(oid(SHA256)),
    implicit(0, attributes),
    sequence(oid(ECDSA_WITH_SHA256)),
    octets(signature),
  );
  const signedData = sequence(
    integer(3),
    setOf(sequence(oid(SHA256))),
    sequence(oid(TIMESTAMP_INFO), explicit(0, octets(info))),
    ...(request.certificates ? [implicit(0, setOf(certificates.timestamps))] : []),
    setOf(signer),
  );
  const granted = sequence(integer(0));
  return sequence(granted, sequence(oid(SIGNED_DATA), explicit(0, signedData)));
}

function infoOf({ digest, nonce }: TimestampRequest, at: Date): Buffer {
  return sequence(
    integer(1),
    oid(POLICY),
    sequence(sequence(oid(SHA256)), octets(digest)),
    integer(BigInt(`0x01${randomBytes(15).toString('hex')}`)),
    generalizedTime(at),
    sequence(integer(1)),
    ...(nonce === null ? [] : [integer(nonce)]),
  );
}

/** The attributes that are signed (RFC 5652, section 11; RFC 5035): what, when, and with which certificate. */
function attributesOf(info: Buffer, certificate: Buffer, at: Date): Buffer {
  const attribute = (type: string, value: Buffer) => sequence(oid(type), setOf(value));
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
  return setOf(
    attribute(CONTENT_TYPE, oid(TIMESTAMP_INFO)),
    attribute(SIGNING_TIME, utcTime(at)),
    attribute(MESSAGE_DIGEST, octets(hash(info))),
    attribute(SIGNING_CERTIFICATE_V2, sequence(sequence(sequence(octets(hash(certificate)))))),
  );
}

/** How a certificate is named in a signature: its issuer and serial number, as they stand in it. */
function namesOf(certificate: Buffer): { issuer: Buffer; serial: Buffer } {
  const [outer] = elements(certificate);
  const [tbs] = elements(outer!.content);
  // version [0], serialNumber, signature, issuer (RFC 5280, section 4.1).
  const [, serial, , issuer] = elements(tbs!.content);
  return { issuer: issuer!.whole, serial: serial!.whole };
}
