// The library's dependency injection asks for it before anything else.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } from '@peculiar/x509';

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
 * trust. It issues certificates of servers alone, and no other authority.
 */
export async function makeAuthority(name: string, now: number): Promise<Authority> {
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
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyText(keys.privateKey) };
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
