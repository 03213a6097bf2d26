import { createHash, sign } from 'node:crypto';
import { elements, octets } from './der.ts';
import type { SigningKey } from './keys.ts';

/** Versions, kinds and algorithms of RFC 6962 and RFC 5246. */
const VERSION_1 = 0;
const CERTIFICATE_TIMESTAMP = 0;
const PRECERTIFICATE = 1;
const SHA256_ECDSA = Buffer.from([4, 3]);

/**
 * The promise of a certificate log (RFC 6962, section 3.3) that it has seen a certificate, as the value of the extension
 * that carries it. `certificate` is the one without that extension, which is what is promised for.
 */
export function signedCertificateTimestamp(
  certificate: Buffer,
  { log, issuer, at }: { readonly log: SigningKey; readonly issuer: SigningKey; readonly at: Date },
): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(at.getTime()));
  const noExtensions = Buffer.from([0, 0]);
  const signed = Buffer.concat([
    Buffer.from([VERSION_1, CERTIFICATE_TIMESTAMP]),
    time,
    Buffer.from([0, PRECERTIFICATE]),
    sha256(issuer.spki),
    sized(tbsOf(certificate), 3),
    noExtensions,
  ]);
  const promise = Buffer.concat([
    Buffer.from([VERSION_1]),
    sha256(log.spki),
    time,
    noExtensions,
    SHA256_ECDSA,
    sized(sign('sha256', signed, log.privateKey), 2),
  ]);
  return octets(sized(sized(promise, 2), 2));
}

/** What a certificate's signature is over. */
function tbsOf(certificate: Buffer): Buffer {
  const [outer] = elements(certificate);
  return elements(outer!.content)[0]!.whole;
}

function sized(bytes: Buffer, width: number): Buffer {
  const size = Buffer.alloc(width);
  size.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([size, bytes]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
