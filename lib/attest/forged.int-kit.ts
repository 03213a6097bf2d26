import 'reflect-metadata';
import { generateKeyPairSync, sign } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Extension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { signedCertificateTimestamp } from '../../local/trust/certificate-log.ts';
import { utf8 } from '../../local/trust/der.ts';
import {
  ALGORITHM,
  AUTHORITY_NAME,
  cryptoKey,
  extensions,
  type Keys,
  openKeys,
  serial,
} from '../../local/trust/keys.ts';
import { TransparencyLog } from '../../local/trust/log.ts';
import { trustedRoot } from '../../local/trust/root.ts';
import { scratch } from '../../local/trust/trust.int-kit.ts';
import { readTrust, type Trust } from './index.ts';

const PROMISES = '1.3.6.1.4.1.11129.2.4.2';
export const ISSUER_V1 = '1.3.6.1.4.1.57264.1.1';
export const ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';

/** How a certificate is to be wrong. */
export interface Wish {
  readonly names?: ConstructorParameters<typeof SubjectAlternativeNameExtension>[0];
  readonly more?: readonly Extension[];
  readonly issuers?: readonly Extension[];
  /** `none`, or the promise for another certificate. Default a good one. */
  readonly promise?: 'none' | 'other';
  /** Signed by its own key in place of the authority's. */
  readonly selfSigned?: boolean;
  /** When it was valid, in ms from now. Default now, for ten minutes. */
  readonly from?: number;
}

/** An extension with who vouched, as Fulcio writes it. */
export const issuedBy = (name: string): Extension => new Extension(ISSUER_V2, false, utf8(name));

/** An authority that issues whatever it is asked for, which a good one never does: everything else about its bundles is right. */
export async function forger(
  t: TestContext,
): Promise<{ trust: Trust; forge: (wish: Wish, payload: string) => Promise<string> }> {
  const dataDir = await scratch(t);
  const keys = await openKeys(dataDir, () => new Date(Date.now() - 86_400_000));
  const log = new TransparencyLog(dataDir, keys.key.log);
  const trust = readTrust(JSON.stringify(trustedRoot(keys)));
  return { trust, forge: (wish, payload) => bundleOf(keys, log, wish, payload) };
}

async function bundleOf(keys: Keys, log: TransparencyLog, wish: Wish, text: string): Promise<string> {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = await certificateOf(keys, own, wish);
  const payloadType = 'application/vnd.in-toto+json';
  const payload = Buffer.from(text);
  const encoded = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  const sig = sign('sha256', encoded, own.privateKey).toString('base64');
  const dsseEnvelope = { payload: payload.toString('base64'), payloadType, signatures: [{ sig }] };
  const certificate = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const proposedContent = {
    envelope: JSON.stringify(dsseEnvelope),
    verifiers: [Buffer.from(certificate).toString('base64')],
  };
  const [entry] = Object.values(log.add({ apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent } }));
  const verificationMaterial = {
    certificate: { rawBytes: der.toString('base64') },
    tlogEntries: [onWire(entry as Entry)],
  };
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial,
    dsseEnvelope,
  });
}

interface Entry {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: {
    signedEntryTimestamp: string;
    inclusionProof: { logIndex: number; treeSize: number; rootHash: string; hashes: string[]; checkpoint: string };
  };
}

const again = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

function onWire({ body, integratedTime, logID, logIndex, verification }: Entry): object {
  const { inclusionProof: proof, signedEntryTimestamp } = verification;
  return {
    logIndex: String(logIndex),
    logId: { keyId: again(logID) },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      treeSize: String(proof.treeSize),
      rootHash: again(proof.rootHash),
      hashes: proof.hashes.map(again),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
}

async function certificateOf(keys: Keys, own: ReturnType<typeof generateKeyPairSync>, wish: Wish): Promise<Buffer> {
  const { authority, certificateLog } = keys.key;
  const {
    names = [{ type: 'email', value: 'ada@example.com' }],
    issuers = [issuedBy('https://accounts.example.com')],
  } = wish;
  const from = Date.now() - 1_000 + (wish.from ?? 0);
  const wanted = {
    serialNumber: serial(),
    issuer: AUTHORITY_NAME,
    notBefore: new Date(from),
    notAfter: new Date(from + 600_000),
    publicKey: await cryptoKey(own.publicKey as never),
    signingKey: await cryptoKey((wish.selfSigned ? own.privateKey : authority.privateKey) as never),
    signingAlgorithm: ALGORITHM,
    extensions: await extensions({ publicKey: own.publicKey as never }, authority, [
      new SubjectAlternativeNameExtension(names, true),
      ...issuers,
      ...(wish.more ?? []),
    ]),
  };
  const make = async () => Buffer.from((await X509CertificateGenerator.create(wanted)).rawData);
  if (wish.promise === 'none') return make();
  const promised = await make();
  if (wish.promise === 'other') wanted.serialNumber = serial();
  const promise = signedCertificateTimestamp(promised, { log: certificateLog, issuer: authority, at: new Date() });
  wanted.extensions.push(new Extension(PROMISES, false, promise));
  return make();
}
