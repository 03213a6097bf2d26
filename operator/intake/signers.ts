import { timingSafeEqual, webcrypto } from 'node:crypto';
import type { Repository } from '#crds';
import { verifySignature } from '#lib/forge';
import { Stalled } from '#lib/kube';

/** A body over this many bytes is hashed and parsed beside the event loop: the time that takes is anybody's to cause. */
export const LARGE_BODY = 256 * 1024;

export type WebhookSecret = (repository: Repository) => Promise<string | null>;

export interface Signers<R extends Repository> {
  readonly signers: ReadonlySet<R>;
  /** Why a secret could not be read now; null where all could. */
  readonly unread: { readonly error: unknown } | null;
}

/**
 * Every Repository whose own secret signed these bytes. A secret that many share is tried once; one that may not be read verifies nothing,
 * its Repository's status says why.
 */
export async function signersOf<R extends Repository>(
  repositories: readonly R[],
  webhookSecret: WebhookSecret,
  body: Buffer,
  signature: string | undefined,
): Promise<Signers<R>> {
  const signed = new Map<string, boolean>();
  const signers = new Set<R>();
  let unread: Signers<R>['unread'] = null;
  for (const repository of repositories) {
    try {
      const secret = await usableSecret(webhookSecret, repository);
      if (secret === null) continue;
      if (!signed.has(secret)) signed.set(secret, await verify(secret, body, signature));
      if (signed.get(secret)) signers.add(repository);
    } catch (error) {
      unread = { error };
    }
  }
  return { signers, unread };
}

/** Null where the Repository has no secret that may be read. A Secret that cannot be read now is a failure. */
async function usableSecret(webhookSecret: WebhookSecret, repository: Repository): Promise<string | null> {
  try {
    return await webhookSecret(repository);
  } catch (error) {
    if (error instanceof Stalled) return null;
    throw error;
  }
}

async function verify(secret: string, body: Buffer, signature: string | undefined): Promise<boolean> {
  if (body.byteLength <= LARGE_BODY) return verifySignature(secret, body, signature);
  // The digest of a large body is made on another thread, and then compared as that of a small one: both under the same secret.
  const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret || '\0'), HMAC, false, ['sign']);
  const digest = Buffer.from(await webcrypto.subtle.sign('HMAC', key, body as Uint8Array<ArrayBuffer>));
  return secret !== '' && sameSignature(digest, signature);
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' };

function sameSignature(digest: Buffer, signature: string | undefined): boolean {
  if (signature === undefined || !/^sha256=[0-9a-f]{64}$/.test(signature)) return false;
  return timingSafeEqual(digest, Buffer.from(signature.slice('sha256='.length), 'hex'));
}
