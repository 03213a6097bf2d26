// The library's dependency injection asks for it before anything else.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key, as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What certificates are issued by: whoever trusts its certificate trusts every host that it issues one for. */
export type Authority = KeyPair;

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Clocks of machines differ. */
export const SKEW_MS = 5 * 60_000;
const YEAR_MS = 365 * 86_400_000;
const LIFE_MS = 10 * YEAR_MS;

/**
 * A new authority, good for ten years from `now` (ms): what it issues is short-lived, and nobody has to be told anew whom to
 * trust. It issues certificates of servers alone, and no other authority; of names, only for `domain` and those under it, where that is given.
 */
export async function makeAuthority(name: string, now: number, domain?: string): Promise<Authority> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(now + LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...(domain === undefined ? [] : [namesUnder(domain)]),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyText(keys.privateKey) };
}

/** The name constraint (RFC 5280, 4.2.1.10) that permits this DNS name and those under it; addresses are not limited by it. */
function namesUnder(domain: string): Extension {
  // A length of one byte, so it holds names of up to 120 characters.
  const element = (tag: number, content: Uint8Array) => Buffer.from([tag, content.length, ...content]);
  const permitted = element(0x30, element(0x82, Buffer.from(domain, 'latin1')));
  return new Extension('2.5.29.30', true, element(0x30, element(0xa0, permitted)));
}

/** Positive, and of 120 random bits. */
export function serial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

/** A private key as PEM (PKCS #8). */
export async function keyText(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
