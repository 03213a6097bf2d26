import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { annotations, type Repository, resources } from '#crds';
import type { KubeClient, ObjectRef, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openCluster } from '../cluster.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

const REPOSITORIES: Resource<Repository> = resources.Repository;
const LOOK_MS = 500;
const WITHIN_MS = 120_000;

export function addSync(program: Command): void {
  withCommonOptions(program.command('sync'))
    .description('have the conductor list a Repository at its forge now, and find what no delivery told')
    .argument('[repository]', 'name of the Repository (default: the rig’s own)')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(sync);
}

async function sync(named: string | undefined, options: CommonOptions & { namespace?: string }): Promise<void> {
  const { client, state } = openCluster(layoutOfOptions(options));
  const ref = { namespace: options.namespace ?? state.tenant.namespace, name: named ?? state.tenant.repository };
  try {
    const asked = `${new Date().toISOString()} ${randomUUID().slice(0, 8)}`;
    await client.patch(REPOSITORIES, ref, { metadata: { annotations: { [annotations.sync]: asked } } });
    const synced = await untilSynced(client, ref, asked);
    createTerminal(options).result(synced, renderSynced(synced));
  } finally {
    await client.close();
  }
}

/** What became of a listing that was asked for. */
export interface Synced {
  readonly repository: ObjectRef;
  /** RFC 3339; null where it could not be done now. */
  readonly syncedAt: string | null;
  /** Why not, or what is to be known of it. */
  readonly message: string;
}

async function untilSynced(client: KubeClient, ref: ObjectRef, asked: string): Promise<Synced> {
  for (const until = Date.now() + WITHIN_MS; ; await pause(LOOK_MS)) {
    const synced = syncedOf(await client.get<Repository>(REPOSITORIES, ref), asked);
    if (synced !== null) return synced;
    if (Date.now() > until)
      throw new ExitError(
        ExitCode.NotDone,
        `The conductor has not listed ${ref.name} within two minutes: rig status says whether it runs.`,
      );
  }
}

/** What a Repository says of the listing that was asked for with this value; null while it is not known. */
export function syncedOf({ metadata, status }: Repository, asked: string): Synced | null {
  if (status?.lastHandledSync !== asked) return null;
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);
  const kept = ['Stalled', 'RateLimited', 'Reconciling'].map(condition).find((one) => one?.status === 'True');
  const repository = { namespace: metadata.namespace!, name: metadata.name! };
  const message = (kept ?? condition('Ready'))?.message ?? '';
  return { repository, syncedAt: kept === undefined ? (status.lastSyncedAt ?? null) : null, message };
}

export function renderSynced({ repository, syncedAt, message }: Synced): string {
  const said = plain(message);
  return syncedAt === null
    ? `${repository.name} cannot be listed now: ${said}`
    : `${repository.name} listed at ${syncedAt}. ${said}`;
}
