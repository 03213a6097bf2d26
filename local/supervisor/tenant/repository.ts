import { delimiter } from 'node:path';
import type { Layout } from '#lib/datadir';
import { HOOK_EVENTS } from '#lib/forge';
import { checkout } from '../checkout.ts';
import { secretOf } from '../secrets.ts';
import { collaborators, tokenOf } from './accounts.ts';
import type { ForgeCalls } from './forge-admin.ts';
import type { Source } from './source.ts';

/** Organisation at the local forge. */
export const OWNER = 'local';
/** App and check run of the forge's own runner. */
export const CI_CHECK = { name: 'ci', app: 'rig-ci' } as const;

interface Hook {
  readonly id: number;
  readonly config: { readonly url?: string };
}

/** The source at the forge, tested on every head, open to the accounts. Safe to repeat: what is there is kept. */
export async function importRepository(forge: ForgeCalls, source: Source): Promise<void> {
  await forge.admin('POST', '/repositories', {
    owner: OWNER,
    name: source.name,
    defaultBranch: source.defaultBranch,
    source: { path: source.path },
    collaborators: collaborators(),
    ci: { command: source.testCommand, ...sampleTools(source) },
  });
}

/** The sample's test runner is pinned here and mounted, so that a test installs nothing. */
export function sampleTools(source: Pick<Source, 'isSample'>): { env: Record<string, string>; path: string[] } {
  if (!source.isSample) return { env: {}, path: [] };
  return { env: { NODE_PATH: checkout('node_modules') }, path: [checkout('node_modules', '.bin')] };
}

/** Deliveries go to the conductor, signed. A hook to another port, of an earlier start, is changed. */
export async function ensureWebhook(
  forge: ForgeCalls,
  layout: Layout,
  source: Source,
  conductorURL: string,
): Promise<void> {
  const token = tokenOf(layout, 'you');
  const path = `/repos/${OWNER}/${source.name}/hooks`;
  const config = { url: `${conductorURL}/webhooks/github`, content_type: 'json', secret: webhookSecret(layout) };
  const [existing] = await forge.rest<Hook[]>(token, 'GET', path);
  if (existing?.config.url === config.url) return;
  if (existing) await forge.rest(token, 'PATCH', `${path}/${existing.id}`, { config, active: true });
  else await forge.rest(token, 'POST', path, { name: 'web', active: true, events: HOOK_EVENTS, config });
}

export function webhookSecret(layout: Layout): string {
  return secretOf(layout, 'webhook-secret');
}

/** Joins search-path entries as the platform does. */
export function searchPath(...entries: string[]): string {
  return entries.join(delimiter);
}
