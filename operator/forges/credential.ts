import { createHash, createPrivateKey } from 'node:crypto';
import type { AppCredential } from '#lib/forge';
import { Stalled } from '#lib/kube';

/** What a Secret holds for a forge: an account's token, or an installation of an App. */
export type Credential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'app'; readonly app: AppCredential };

const APP_KEYS = ['appId', 'privateKey', 'installationId'] as const;

/**
 * Reads the keys `token`, or `appId`, `privateKey` and `installationId`, of a Secret. Throws Stalled (SecretMissing, SecretInvalid) with
 * one sentence that names the key and says what to put there, and nothing of what is there now. `where` names the Secret.
 */
export function credentialOf(data: Readonly<Record<string, string>>, where: string): Credential {
  const given = APP_KEYS.filter((key) => data[key] !== undefined);
  if (data.token !== undefined && given.length > 0)
    throw invalid(`${where} has a token and the key ${given[0]} of an App; keep one of the two.`);
  if (data.token !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(data.token))
      throw invalid(`The key token of ${where} is no token; put the token alone there.`);
    return { kind: 'token', token: data.token };
  }
  if (given.length === 0)
    throw new Stalled(
      'SecretMissing',
      `${where} has no key token; add it, or for an App the keys appId, privateKey and installationId.`,
    );
  const missing = APP_KEYS.find((key) => data[key] === undefined);
  if (missing !== undefined)
    throw new Stalled(
      'SecretMissing',
      `${where} has no key ${missing}; an App needs appId, privateKey and installationId.`,
    );
  return { kind: 'app', app: appOf(data as Record<(typeof APP_KEYS)[number], string>, where) };
}

function appOf({ appId, privateKey, installationId }: Record<(typeof APP_KEYS)[number], string>, where: string) {
  if (!/^(\d{1,15}|[A-Za-z0-9_.-]{4,64})$/.test(appId))
    throw invalid(`The key appId of ${where} is no App id; put the App's id or client id there.`);
  if (!/^\d{1,15}$/.test(installationId))
    throw invalid(`The key installationId of ${where} is no whole number; put the number of the installation there.`);
  // A key that went through an environment variable often has its line ends written out.
  const pem = privateKey.includes('\n') ? privateKey : privateKey.replaceAll('\\n', '\n');
  if (!isRSA(pem))
    throw invalid(
      `The key privateKey of ${where} is no RSA key in PEM; put the file there that the forge made for the App.`,
    );
  return { appId, privateKey: pem, installationId: Number(installationId) };
}

function isRSA(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function invalid(message: string): Stalled {
  return new Stalled('SecretInvalid', message);
}

/**
 * Names who a credential acts as at a forge, without saying it: what a forge counts is counted for this. Two Secrets with one token, or
 * with one installation, are one identity.
 */
export function identityOf(origin: string, credential: Credential): string {
  const who =
    credential.kind === 'token' ? credential.token : `${credential.app.appId} ${credential.app.installationId}`;
  return digest(`${origin} ${credential.kind} ${who}`);
}

/** Changes whenever any part of the credential does. */
export function versionOf(credential: Credential): string {
  return digest(JSON.stringify(credential));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
