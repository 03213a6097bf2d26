import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Logger } from '#lib/observe';
import { ALGORITHM, type Authority, type KeyPair, keyText, SKEW_MS, serial } from './authority.ts';

const DAY_MS = 86_400_000;
const LIFE_MS = 30 * DAY_MS;
/** Renewed when less than a third of its life is left. */
const RENEW_BEFORE_MS = 10 * DAY_MS;
/** A kubelet brings a changed Secret within two minutes; a look is two small reads. */
const LOOK_EVERY_MS = 10_000;

/** A certificate for these hosts (names or IP addresses), good for 30 days from `now` (ms). Throws where the authority cannot be read. */
async function issueCertificate(authority: Authority, hosts: readonly string[], now: number): Promise<KeyPair> {
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', derOf(authority.key), ALGORITHM, false, ['sign']);
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const names = hosts.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value }));
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${hosts[0] ?? 'none'}`,
    issuer: issuer.subject,
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(Math.min(now + LIFE_MS, issuer.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyText(keys.privateKey) };
}

interface Served {
  /** Where `tls.crt` and `tls.key` of the authority are, or will be. */
  readonly directory: string;
  readonly hosts: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
  /** How often the files are looked at; default ten seconds. */
  readonly lookEveryMs?: number;
}

/**
 * Has a server serve a certificate of the authority in `directory`, kept in memory and renewed before its end, and another one
 * whenever the authority is another. Until there is an authority every handshake fails. Resolves after the first look; ends with the
 * returned function.
 */
export async function serveCertificates(server: Server, served: Served): Promise<() => void> {
  let authority = '';
  let renewAt = 0;
  const look = async () => {
    try {
      const [certificate, key] = await Promise.all(
        ['tls.crt', 'tls.key'].map((name) => readFile(join(served.directory, name), 'utf8')),
      );
      if (certificate! + key! === authority && served.now() < renewAt) return;
      const own = await issueCertificate({ certificate: certificate!, key: key! }, served.hosts, served.now());
      server.setSecureContext({ cert: own.certificate, key: own.key, minVersion: 'TLSv1.3' });
      authority = certificate! + key!;
      renewAt = served.now() + LIFE_MS - RENEW_BEFORE_MS;
      served.logger.info({ hosts: served.hosts }, 'serving with a new certificate');
    } catch (err) {
      // Missing until a person makes it, or half replaced: the next look finds both.
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT')
        served.logger.warn({ err }, 'the authority of certificates cannot be used');
    }
  };
  await look();
  const timer = setInterval(look, served.lookEveryMs ?? LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}
