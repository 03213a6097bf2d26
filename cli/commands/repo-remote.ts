import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { type Repository, resources } from '#crds';
import type { Layout } from '#lib/datadir';
import type { KubeObject, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, shellWord } from '#lib/terminal';
import { checkout } from '../checkout.ts';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { withCommonOptions } from '../options.ts';

const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;

interface RemoteOptions extends TenantOptions {
  readonly repository?: string;
  readonly name: string;
}

export function addRemote(repo: Command): void {
  withCommonOptions(repo.command('remote'))
    .description(
      'let git in a clone of yours pull from the rig’s own forge and push to it: adds a remote, and signs you in there',
    )
    .argument('[path]', 'the clone', '.')
    .option('--repository <name>', 'the Repository it is of (default: the rig’s own)')
    .option('--name <remote>', 'what git calls the remote', 'rig')
    .action(addRemoteTo);
}

async function addRemoteTo(path: string, options: RemoteOptions): Promise<void> {
  const tenant = openTenant(options);
  try {
    const remote = await remoteOf(tenant, options.repository);
    const helper = helperFor(tenant.rig!.layout);
    await connect({ path: resolve(path), name: options.name, ...remote, helper });
    createTerminal(options).result(
      { remote: options.name, url: remote.url },
      `${options.name} is ${remote.url}: git pull ${options.name} ${remote.branch} brings what was merged`,
    );
  } finally {
    await tenant.client.close();
  }
}

/** Where git finds a Repository of the rig's own forge. Throws ExitError `Usage` for one of another forge. */
async function remoteOf({ client, namespace, rig }: Tenant, name = rig!.state.tenant.repository) {
  const { spec } = await client.get<Repository & KubeObject>(REPOSITORIES, { namespace, name: name! });
  const forge = rig!.state.urls.forge;
  if (forge === undefined || URL.parse(spec.apiURL)?.origin !== URL.parse(forge)?.origin)
    throw new ExitError(
      ExitCode.Usage,
      `Repository ${name} is at ${new URL(spec.apiURL).host}, not at the rig's own forge: add that remote as you always do.`,
    );
  return { forge, url: `${forge}/${spec.owner}/${spec.name}.git`, branch: spec.defaultBranch };
}

/** The command that git asks for the token of the person of this machine. */
export function helperFor({ root }: Pick<Layout, 'root'>): string {
  // Always named: git runs it later, with another environment than this one.
  const words = [process.execPath, checkout('hack', 'rig.mjs'), 'git-credential', '--data-dir', root];
  return `!${words.map(shellWord).join(' ')}`;
}

export interface Connection {
  /** The clone, absolute. */
  readonly path: string;
  /** The remote's name. */
  readonly name: string;
  readonly url: string;
  /** Origin of the forge: the helper is asked about nothing else. */
  readonly forge: string;
  /** As `credential.helper` takes it. */
  readonly helper: string;
}

/** What has git look at another repository or file than the one that is named, as in a hook. */
const ELSEWHERE = /^GIT_(DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|NAMESPACE|CONFIG)$/;

/**
 * Adds the remote, or gives it this URL again, and names the helper for this forge alone, behind every other of the clone's own configuration: none that
 * stands there now is told the token. Safe to repeat.
 * Throws ExitError `Usage` where the folder is no git repository, or the remote's name is taken or none.
 */
export async function connect({ path, name, url, forge, helper }: Connection): Promise<void> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([variable]) => !ELSEWHERE.test(variable)));
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', path, ...args], { env });
  const read = (...args: string[]) =>
    git(...args).then(
      ({ stdout }) => stdout.trim(),
      () => null,
    );
  if (name.startsWith('-'))
    throw new ExitError(
      ExitCode.Usage,
      `git takes ${name} for an option, not for a remote: choose another with --name.`,
    );
  if ((await read('rev-parse', '--git-dir')) === null)
    throw new ExitError(ExitCode.Usage, `${path} is no git repository: name a clone of yours.`);
  const there = await read('remote', 'get-url', name);
  if (there !== null && URL.parse(there)?.origin !== URL.parse(forge)?.origin)
    throw new ExitError(ExitCode.Usage, `${path} has a remote ${name} already, ${there}: choose another with --name.`);
  await git(...(there === null ? ['remote', 'add', name, url] : ['remote', 'set-url', name, url])).catch(
    (error: { stderr?: string }) => {
      throw new ExitError(ExitCode.Usage, `git would not add the remote: ${error.stderr?.trim()}`);
    },
  );
  const key = `credential.${forge}.helper`;
  // The empty word forgets whoever was named before it, and git reads in the order of the file.
  await read('config', '--local', '--unset-all', key);
  await git('config', '--local', '--add', key, '');
  await git('config', '--local', '--add', key, helper);
}
