import { delimiter } from 'node:path';
import type { Layout } from '#lib/datadir';
import { HOOK_EVENTS } from '#lib/forge';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from '../checkout.ts';
import { secretOf } from '../secrets.ts';
import { ACCOUNTS, collaborators, tokenOf } from './accounts.ts';
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

/** The source as the forge has it. */
export interface Imported {
  /** With the default branch of the repository at the forge, whatever is checked out now. */
  readonly source: Source;
  /** How the forge's default branch and the source's stand where that is worth a word. */
  readonly note: string | null;
}

/**
 * The source at the forge, tested on every head, open to the accounts. Safe to repeat: what is there is kept, and its default branch goes on to
 * where the source's is when nothing is lost by it. Throws ExitError `Usage` where the forge has another repository under its name.
 */
export async function importRepository(forge: ForgeCalls, wanted: Source): Promise<Imported> {
  const { default_branch: defaultBranch } = await forge.admin<{ default_branch: string }>('POST', '/repositories', {
    owner: OWNER,
    name: wanted.name,
    defaultBranch: wanted.defaultBranch,
    source: { path: wanted.path },
    collaborators: collaborators(),
    ci: { command: wanted.testCommand, ...sampleTools(wanted) },
  });
  const source = { ...wanted, defaultBranch };
  if (source.isSample) return { source, note: null };
  const path = `/repositories/${OWNER}/${source.name}/follow`;
  const followed = await forge.admin<Followed>('POST', path, {
    source: { path: source.path },
    login: ACCOUNTS.you.login,
  });
  return { source, note: noteOf(source, followed) };
}

/** What the forge answers to `follow`. */
interface Followed {
  readonly branch: string;
  readonly state: 'same' | 'ahead' | 'forwarded' | 'diverged' | 'gone' | 'unrelated';
  /** The branch's commit at the source. */
  readonly to: string;
}

/** What to say of it, if anything. Throws ExitError `Usage`. */
export function noteOf({ path, name }: Pick<Source, 'path' | 'name'>, { branch, state, to }: Followed): string | null {
  if (state === 'unrelated')
    throw new ExitError(
      ExitCode.Usage,
      `The forge of this data directory has another repository under the name ${name}, which shares no commit with ${path}: ` +
        'give this one a data directory of its own with --data-dir, or rename its folder.',
    );
  if (state === 'forwarded') return `its ${branch} went on to ${to.slice(0, 7)}`;
  if (state === 'diverged')
    return `its ${branch} and that of ${path} have gone different ways: merge the forge’s into yours (git pull rig ${branch}) and start again, or work goes on without your commits`;
  if (state === 'gone')
    return `${path} has no branch ${branch} any more, on which work goes on without your commits: make it again, or give the repository a data directory of its own with --data-dir`;
  return null;
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
