import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DataDirError } from './error.ts';

const MARKER = 'rig-data-directory';

/** Absolute paths below one data directory. Everything a rig on this machine keeps is here, and nothing else is. */
export interface Layout {
  readonly root: string;
  readonly marker: string;
  readonly lock: string;
  readonly state: string;
  /** kubeconfig of the person running the rig. */
  readonly kubeconfig: string;
  /** One file per program. */
  readonly logs: string;
  /** Passwords and tokens that live as long as the directory; files 0600. */
  readonly secrets: string;
  /** Kubeconfigs and short-lived tokens of the programs; rewritten at every start. */
  readonly identities: string;
  /** What each program keeps: `data('forge')`. */
  data(program: string): string;
}

/** Where a rig keeps its data: `option`, else RIG_DATA_DIR, else `$XDG_DATA_HOME/rig`, else `~/.local/share/rig`. */
export function dataDirPath(option: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const chosen = option || env.RIG_DATA_DIR;
  return chosen ? resolve(chosen) : join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'rig');
}

/** What can be made again at any time, shared by all rigs of this account: RIG_CACHE_DIR, else `$XDG_CACHE_HOME/rig`, else `~/.cache/rig`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.RIG_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rig');
}

export function layoutOf(root: string): Layout {
  return {
    root,
    marker: join(root, MARKER),
    lock: join(root, 'lock'),
    state: join(root, 'state.json'),
    kubeconfig: join(root, 'kubeconfig'),
    logs: join(root, 'logs'),
    secrets: join(root, 'secrets'),
    identities: join(root, 'identities'),
    data: (program) => join(root, 'data', program),
  };
}

/**
 * Makes the directory, private to its owner, or takes up an existing one. Throws NotOurs for a directory that has
 * content and was not made by a rig, so that neither `up` nor `reset` ever touches someone else's files.
 */
export function openDataDir(root: string): Layout {
  const layout = layoutOf(root);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (!existsSync(layout.marker)) {
    if (readdirSync(root).length > 0) throw notOurs(root);
    writeFileSync(layout.marker, 'This directory belongs to a rig; "rig reset" deletes it.\n');
  }
  for (const folder of [layout.logs, layout.secrets, layout.identities, dirname(layout.data('any'))]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return layout;
}

/** Deletes a data directory; false when there is none. Throws NotOurs as {@link openDataDir} does. */
export function deleteDataDir(root: string): boolean {
  if (!existsSync(root)) return false;
  if (!existsSync(layoutOf(root).marker)) throw notOurs(root);
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  return true;
}

function notOurs(root: string): DataDirError {
  return new DataDirError(
    'NotOurs',
    `${root} holds files that no rig wrote, so it is left alone: name an empty or new directory with --data-dir.`,
  );
}
