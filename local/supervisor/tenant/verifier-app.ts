import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '#lib/datadir';
import { writePrivately } from '../cluster/identities.ts';
import type { ForgeAddress } from '../programs/forge.ts';
import { secretFile, secretOf } from '../secrets.ts';
import type { ForgeCalls } from './forge-admin.ts';
import { OWNER } from './repository.ts';

/** The App under which the verifier reports; the conductor has no credential of it. */
export const VERIFIER_APP = 'rig-verifier';
/** What it may do at a forge, and no more: read changes and what machines signed for them, and write checks. */
const PERMISSIONS = {
  attestations: 'read',
  checks: 'write',
  contents: 'read',
  metadata: 'read',
  pull_requests: 'read',
} as const;
const KEY_BITS = 2_048;

/** The files by which the verifier knows its App. */
export function verifierAppDir(layout: Layout): string {
  return join(layout.data('verifier'), 'app');
}

/** Makes the App, installs it on the rig's owner, has it told what moves, and writes its files. Safe to repeat: its key stays. */
export async function installVerifier(
  forge: ForgeCalls,
  layout: Layout,
  { apiURL }: Pick<ForgeAddress, 'apiURL'>,
  verifierURL: string,
): Promise<void> {
  const privateKey = keyOf(layout);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  const webhookSecret = secretOf(layout, 'verifier-webhook-secret');
  const app = `/apps/${VERIFIER_APP}`;
  const { id } = await forge.admin<{ id: number }>('POST', '/apps', { slug: VERIFIER_APP });
  await forge.admin('POST', `${app}/keys`, { publicKey });
  await forge.admin('PUT', `${app}/webhook`, {
    url: `${verifierURL}/webhooks/github`,
    secret: webhookSecret,
    events: ['pull_request', 'push'],
  });
  await forge.admin('POST', `${app}/installations`, { account: OWNER, permissions: PERMISSIONS });
  const directory = verifierAppDir(layout);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = { apiURL, appId: String(id), privateKey, webhookSecret };
  for (const [name, text] of Object.entries(files)) writePrivately(join(directory, name), text);
}

/** Made once for each data directory. */
function keyOf(layout: Layout): string {
  const file = secretFile(layout, 'verifier-app-key');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  writePrivately(file, pem);
  return pem;
}
