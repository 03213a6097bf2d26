// The library's dependency injection asks for it before anything else.
import 'reflect-metadata';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { TrustError } from './error.ts';

const YEAR_MS = 365 * 86_400_000;
export const AUTHORITY_NAME = 'O=rig, CN=local approvals';
const TIMESTAMP_NAME = 'O=rig, CN=local timestamps';
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const Stored = Type.Object({
  version: Type.Literal(1),
  /** When it was made, RFC 3339. */
  createdAt: Type.String(),
  /** Private keys, PKCS 8 as PEM. */
  keys: Type.Object({
    authority: Type.String(),
    certificateLog: Type.String(),
    log: Type.String(),
    timestamps: Type.String(),
    tokens: Type.String(),
  }),
  /** DER, base64. */
  certificates: Type.Object({ authority: Type.String(), timestamps: Type.String() }),
});
type Stored = Static<typeof Stored>;
type KeyName = keyof Stored['keys'];

/** A key that signs, and how the world names it. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
}

/** Everything that local trust signs with. */
export interface Keys {
  readonly createdAt: Date;
  readonly key: Readonly<Record<KeyName, SigningKey>>;
  /** DER. */
  readonly certificates: { readonly authority: Buffer; readonly timestamps: Buffer };
}

/**
 * The keys of a data directory, made at the first call and the same ever after: who trusts the root once goes on trusting it.
 * Private to the owner. Throws {@link TrustError} `Unreadable` for a file that is something else; it is never replaced.
 */
export async function openKeys(dataDir: string, now: () => Date = () => new Date()): Promise<Keys> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'keys.json');
  if (!existsSync(file)) {
    // Whole or not at all, whatever ends this process.
    writeFileSync(`${file}.new`, `${JSON.stringify(await makeKeys(now()), null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return load(file);
}

function load(file: string): Keys {
  let stored: unknown;
  try {
    stored = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (!Check(Stored, stored)) throw unreadable(file);
  const { keys, certificates, createdAt } = stored;
  const entries = Object.entries(keys).map(([name, pem]) => [name, signingKey(createPrivateKey(pem))]);
  return {
    createdAt: new Date(createdAt),
    key: Object.fromEntries(entries) as Keys['key'],
    certificates: {
      authority: Buffer.from(certificates.authority, 'base64'),
      timestamps: Buffer.from(certificates.timestamps, 'base64'),
    },
  };
}

function unreadable(file: string, cause?: unknown): TrustError {
  return new TrustError(
    'Unreadable',
    `${file} does not hold the keys of local approvals; put it back, or start over with "rig reset".`,
    { cause },
  );
}

async function makeKeys(at: Date): Promise<Stored> {
  // Logs tell whole seconds: one that signs in this second must not have signed before its key was good.
  const now = new Date(Math.floor(at.getTime() / 1_000) * 1_000);
  const keys = { authority: newKey(), certificateLog: newKey(), log: newKey(), timestamps: newKey(), tokens: newKey() };
  const validity = { notBefore: now, notAfter: new Date(now.getTime() + 10 * YEAR_MS) };
  const issuer = { signingKey: await cryptoKey(keys.authority.privateKey), signingAlgorithm: ALGORITHM };
  const authority = await X509CertificateGenerator.create({
    ...validity,
    ...issuer,
    serialNumber: serial(),
    subject: AUTHORITY_NAME,
    issuer: AUTHORITY_NAME,
    publicKey: await cryptoKey(keys.authority.publicKey),
    extensions: await extensions(keys.authority, keys.authority, [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ]),
  });
  const timestamps = await X509CertificateGenerator.create({
    ...validity,
    ...issuer,
    serialNumber: serial(),
    subject: TIMESTAMP_NAME,
    issuer: AUTHORITY_NAME,
    publicKey: await cryptoKey(keys.timestamps.publicKey),
    extensions: await extensions(keys.timestamps, keys.authority, [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.timeStamping], true),
    ]),
  });
  const pem = (key: SigningKey) => key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return {
    version: 1,
    createdAt: now.toISOString(),
    keys: {
      authority: pem(keys.authority),
      certificateLog: pem(keys.certificateLog),
      log: pem(keys.log),
      timestamps: pem(keys.timestamps),
      tokens: pem(keys.tokens),
    },
    certificates: { authority: base64(authority.rawData), timestamps: base64(timestamps.rawData) },
  };
}

/** What names a certificate's key and that of who signed it, beside its own extensions. */
export async function extensions(
  own: Pick<SigningKey, 'publicKey'>,
  issuer: SigningKey,
  others: readonly Extension[],
): Promise<Extension[]> {
  return [
    ...others,
    await SubjectKeyIdentifierExtension.create(await cryptoKey(own.publicKey)),
    await AuthorityKeyIdentifierExtension.create(await cryptoKey(issuer.publicKey)),
  ];
}

/** A positive number of 127 random bits, hex. */
export function serial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

/** A key that nobody has had before. */
export function newKey(): SigningKey {
  return signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

function signingKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, spki: publicKey.export({ format: 'der', type: 'spki' }) };
}

/** The same key as the certificate library takes it. */
export async function cryptoKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const { subtle } = webcrypto;
  return key.type === 'private'
    ? subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), ALGORITHM, true, ['sign'])
    : subtle.importKey('spki', key.export({ format: 'der', type: 'spki' }), ALGORITHM, true, ['verify']);
}

function base64(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('base64');
}
