import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { KubeClient, ObjectRef } from '#lib/kube';
import { type Context, trouble } from '../context.ts';
import { type Cluster, kubeconfigText } from './cluster.ts';

const LIFE_SECONDS = 3_600;
/** Renewed after half its life: a laptop that slept for a while still has a good one. */
const RENEW_AFTER_MS = (LIFE_SECONDS / 2) * 1_000;
const RETRY_AFTER_MS = 5_000;

/** A program's way into the cluster: the file its kubeconfig is in. */
export type Kubeconfigs = Readonly<Record<string, string>>;

/**
 * Gives each ServiceAccount, whose name is its own among all of them, a short-lived token in a file of its own (0600) and a kubeconfig that names that file, and renews
 * the tokens until the rig goes down. No program sees the administrator's credential.
 */
export async function grantIdentities(
  context: Context,
  cluster: Cluster,
  accounts: readonly ObjectRef[],
): Promise<Kubeconfigs> {
  const folder = context.layout.identities;
  const tokenFile = (name: string) => join(folder, `${name}.token`);
  const renew = () =>
    Promise.all(
      accounts.map((account) => renewToken(cluster.client, account, tokenFile(account.name), context.signal)),
    );
  await renew();
  const ended = new AbortController();
  const renewing = renewForever(renew, ended.signal, trouble(context));
  context.stops.add('identities', () => {
    ended.abort();
    return renewing;
  });
  return Object.fromEntries(
    accounts.map(({ name }) => [name, writeKubeconfig(folder, name, cluster, tokenFile(name))]),
  );
}

async function renewForever(
  renew: () => Promise<unknown>,
  signal: AbortSignal,
  onTrouble: (sentence: string) => void,
): Promise<void> {
  let pause = RENEW_AFTER_MS;
  while (!signal.aborted) {
    // The timer must not keep a rig alive that has nothing else to do.
    await wait(pause, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    pause = await renew().then(
      () => RENEW_AFTER_MS,
      (error: Error) => {
        onTrouble(`The programs' tokens could not be renewed (${error.message}); trying again.`);
        return RETRY_AFTER_MS;
      },
    );
  }
}

async function renewToken(client: KubeClient, account: ObjectRef, file: string, signal: AbortSignal): Promise<void> {
  const { token } = await client.createToken(account, { audiences: [], expirationSeconds: LIFE_SECONDS }, { signal });
  writePrivately(file, token);
}

function writeKubeconfig(folder: string, name: string, cluster: Cluster, tokenFile: string): string {
  const file = join(folder, `${name}.kubeconfig`);
  writePrivately(file, kubeconfigText(cluster, { tokenFile }));
  return file;
}

/** A reader sees the old content or the new one, and nobody but the owner sees either. */
export function writePrivately(file: string, content: string): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}
