// The library's dependency injection asks for it before anything else.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type GeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key, as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
export const LIFE_MS = 90 * DAY_MS;
/** Renewed when less than a third of its life is left. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Clocks of nodes differ. */
const SKEW_MS = 5 * 60_000;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * A certificate of its own authority for these hosts (names or IP addresses), good for 90 days: who trusts it trusts this one key, and
 * no other key can be signed with it.
 */
export async function makeCertificate(hosts: readonly string[], now: number): Promise<KeyPair> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const names = hosts.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value }));
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // Positive, and of 127 random bits.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=rig-conductor webhooks',
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(now + LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certificate: `${certificate.toString('pem')}\n`, key: pem('PRIVATE KEY', pkcs8) };
}

/** Whether a certificate (PEM) is one for all these hosts with a third of its life before it; false for what is none. */
export function isGood(certificate: string, hosts: readonly string[], now: number): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names as GeneralNames | undefined;
    const served = new Set(names?.items.map(({ value }) => value));
    return parsed.notAfter.getTime() - now > RENEW_BEFORE_MS && hosts.every((host) => served.has(host));
  } catch {
    return false;
  }
}

/** Whether a certificate (PEM) may still be served; false for what is none. */
export function isUnexpired(certificate: string, now: number): boolean {
  try {
    return new X509Certificate(certificate).notAfter.getTime() > now;
  } catch {
    return false;
  }
}

/** When a certificate (PEM) was made, in ms since the epoch. */
export function madeAt(certificate: string): number {
  return new X509Certificate(certificate).notBefore.getTime() + SKEW_MS;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
