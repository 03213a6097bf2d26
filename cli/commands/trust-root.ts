import type { Command } from 'commander';
import { fieldManagers, trustObjects } from '#crds';
import { AttestError, entriesOf, publishedRoot, type RootEntry, readTrust } from '#lib/attest';
import {
  CONFIG_MAPS,
  isKubeError,
  KubeClient,
  type KubeObject,
  loadKubeConfig,
  type ObjectRef,
  type Resource,
} from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { confirm } from '../approve/confirm.ts';
import { openCluster } from '../cluster.ts';
import { readNamed, unusable } from '../named-file.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const MAPS = CONFIG_MAPS as Resource<ConfigMap>;
const { namespace, root: ROOT } = trustObjects;
const REF: ObjectRef = { namespace, name: ROOT.name };

interface UpdateOptions extends CommonOptions {
  readonly context?: string;
  readonly file?: string;
  readonly tufUrl?: string;
  readonly tufRoot?: string;
  readonly yes?: boolean;
}

/** `rig trust root`: whose word counts for who signed what, and when. */
export function addTrustRoot(trust: Command): void {
  const root = trust.command('root').description('the trusted root that every signature is verified against');
  withCommonOptions(root.command('update'))
    .description('replace the trusted root by the newest that is published, as a person of the group rig:root')
    .option(
      '--file <path>',
      'a trusted_root.json that you have (default: what signs on this machine, or Sigstore’s own)',
    )
    .option('--tuf-url <url>', 'the TUF repository that publishes it (default: Sigstore’s public one)')
    .option('--tuf-root <file>', 'the root.json of that repository that you trust, where it is another than Sigstore’s')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .option('--yes', 'do not ask whether what is shown is to be done')
    .action(update);
}

async function update(options: UpdateOptions): Promise<void> {
  const { client, trustURL } = open(options);
  const terminal = createTerminal(options);
  try {
    const next = await newest(options, trustURL);
    const before = await client.find(MAPS, REF);
    const change = compareRoots(before?.data?.[ROOT.key], next);
    const { expiresAt } = readTrust(next);
    const ends = expiresAt === null ? 'It has no end.' : `It is good until ${new Date(expiresAt).toISOString()}.`;
    if (change.added.length + change.removed.length === 0)
      return terminal.result({ changed: false, expiresAt }, `The trusted root is the newest. ${ends}`);
    terminal.say(renderChange(change));
    if (!options.yes) await confirm('Replace the trusted root by this?');
    await write(client, before, next);
    terminal.result({ changed: true, expiresAt }, `The trusted root is replaced. ${ends}`);
  } finally {
    await client.close();
  }
}

function open(options: UpdateOptions): { client: KubeClient; trustURL: string | undefined } {
  if (options.context === undefined) {
    const { client, state } = openCluster(layoutOfOptions(options));
    return { client, trustURL: state.urls.trust };
  }
  const config = loadKubeConfig({ context: options.context });
  return { client: new KubeClient(config, { fieldManager: fieldManagers.cli }), trustURL: undefined };
}

/** The root that is to be trusted; one that cannot verify replaces none. Throws ExitError `Usage` for a file that holds none, NotDone where none can be had. */
export async function newest({ file, tufUrl, tufRoot }: UpdateOptions, trustURL: string | undefined): Promise<string> {
  if (tufRoot !== undefined) readNamed('--tuf-root', tufRoot);
  try {
    const text = await (file !== undefined
      ? readNamed('--file', file)
      : trustURL !== undefined && tufUrl === undefined
        ? localRoot(trustURL)
        : publishedRoot({ url: tufUrl, rootFile: tufRoot }));
    readTrust(text);
    return text;
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    if (file !== undefined) throw unusable('--file', file, `it cannot be used: ${error.message}`, error);
    throw new ExitError(ExitCode.NotDone, error.message, { cause: error });
  }
}

async function localRoot(url: string): Promise<string> {
  const answer = await fetch(`${url}/trusted_root.json`).catch(() => undefined);
  if (answer?.ok) return answer.text();
  throw new ExitError(ExitCode.NotDone, 'What signs on this machine does not answer: rig status says whether it runs.');
}

/** What a new root takes the word of that the one before did not, and the other way. */
export interface RootChange {
  readonly added: readonly RootEntry[];
  readonly removed: readonly RootEntry[];
  readonly kept: number;
}

/** Compares two roots; one that is absent or cannot be read has nobody. */
export function compareRoots(before: string | undefined, next: string): RootChange {
  const old = known(before);
  const now = entriesOf(next);
  const name = (entry: RootEntry) => JSON.stringify(entry);
  const [had, has] = [new Set(old.map(name)), new Set(now.map(name))];
  const added = now.filter((entry) => !had.has(name(entry)));
  const removed = old.filter((entry) => !has.has(name(entry)));
  return { added, removed, kept: now.length - added.length };
}

function known(text: string | undefined): RootEntry[] {
  try {
    return text === undefined ? [] : entriesOf(text);
  } catch (error) {
    if (error instanceof AttestError) return [];
    throw error;
  }
}

/** The change for the eyes of whoever says yes. An entry whose time alone is another stands on both sides. */
export function renderChange({ added, removed, kept }: RootChange): string {
  const line = (sign: string) => (entry: RootEntry) =>
    `  ${sign} ${entry.part}  ${plain(entry.url)}  from ${entry.from ?? 'ever'} until ${entry.until ?? 'further notice'}  sha256:${entry.fingerprint}`;
  return [
    `The trusted root in ${namespace}, of which ${kept} ${kept === 1 ? 'entry stays' : 'entries stay'}:`,
    ...removed.map(line('-')),
    ...added.map(line('+')),
    ...(removed.length === 0
      ? []
      : ['What was signed under what goes (-) is not verified any more, unless it comes back (+) with another time.']),
  ].join('\n');
}

/** Over just what was shown: who changed it in between is told. */
async function write(client: KubeClient, before: ConfigMap | undefined, text: string): Promise<void> {
  const data = { ...before?.data, [ROOT.key]: text };
  try {
    if (before === undefined) await client.create(MAPS, { metadata: REF, data } as ConfigMap);
    else await client.replace(MAPS, { ...before, data });
  } catch (error) {
    if (isKubeError(error, 'Forbidden'))
      throw new ExitError(ExitCode.NotDone, `You may not change whose signatures count: ${plain(error.message)}`);
    if (isKubeError(error, 'Conflict') || isKubeError(error, 'AlreadyExists'))
      throw new ExitError(ExitCode.NotDone, 'Somebody changed the trusted root at the same moment; look again.');
    throw error;
  }
}
