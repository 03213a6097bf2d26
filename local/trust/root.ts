import { createHash } from 'node:crypto';
import type { Keys, SigningKey } from './keys.ts';
import { LOG_NAME } from './log.ts';

/** What whoever verifies has to trust: Sigstore's trusted root, as JSON. The same keys give the same root. */
export function trustedRoot(keys: Keys): object {
  const { authority, timestamps } = keys.certificates;
  const start = keys.createdAt.toISOString();
  const subject = { organization: 'rig', commonName: 'local approvals' };
  const uri = `https://${LOG_NAME}`;
  const chain = (...certificates: Buffer[]) => ({
    certificates: certificates.map((certificate) => ({ rawBytes: certificate.toString('base64') })),
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf(keys.key.log, start)],
    certificateAuthorities: [{ subject, uri, certChain: chain(authority), validFor: { start } }],
    ctlogs: [logOf(keys.key.certificateLog, start)],
    timestampAuthorities: [{ subject, uri, certChain: chain(timestamps, authority), validFor: { start } }],
  };
}

function logOf({ spki }: SigningKey, start: string): object {
  return {
    baseUrl: `https://${LOG_NAME}`,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: spki.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start },
    },
    logId: { keyId: createHash('sha256').update(spki).digest('base64') },
  };
}

/** Where each of the services is, for Sigstore's own tools: their signing config, as JSON. */
export function signingConfig(url: string, keys: Keys): object {
  const start = keys.createdAt.toISOString();
  const service = { url, majorApiVersion: 1, validFor: { start }, operator: LOG_NAME };
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service],
    oidcUrls: [service],
    rekorTlogUrls: [service],
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: [{ ...service, url: `${url}/api/v1/timestamp` }],
    tsaConfig: { selector: 'ANY' },
  };
}
