import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { Layout } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from '../checkout.ts';
import type { UpOptions } from '../options.ts';

const run = promisify(execFile);

/** The code that is worked on. */
export interface Source {
  /** A git repository of this machine; the forge takes its branches and tags over once. */
  readonly path: string;
  /** Name at the forge and, as a DNS label, of the Repository. */
  readonly name: string;
  readonly defaultBranch: string;
  readonly testCommand: string;
  readonly isSample: boolean;
}

/** The package's own files as npm ships them; nobody's lock file or installed dependency is part of it. */
const SAMPLE_NAME = 'minimist';
const RIGFILE = '.rig-agent.yaml';

/**
 * The sample as a git repository, made once, or the repository of `--repo`. Throws ExitError `Usage` for a path that is no git
 * repository, has no commit, or says nowhere how it is tested.
 */
export async function openSource(options: UpOptions, layout: Layout): Promise<Source> {
  if (options.repo !== undefined) return openRepository(options.repo, options.testCommand);
  const path = layout.data('sample');
  if (!existsSync(path)) await createSample(path);
  return {
    path,
    name: SAMPLE_NAME,
    defaultBranch: 'main',
    testCommand: testCommandOf(join(path, RIGFILE)),
    isSample: true,
  };
}

async function createSample(path: string): Promise<void> {
  const fresh = `${path}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  cpSync(checkout('node_modules', 'rig-sample'), fresh, {
    recursive: true,
    filter: (from) => basename(from) !== 'node_modules',
  });
  cpSync(checkout('local', 'sample', 'rig-agent.yaml'), join(fresh, RIGFILE));
  const identity = ['-c', 'user.name=Sample', '-c', 'user.email=sample@rig.invalid', '-c', 'commit.gpgsign=false'];
  // A fixed date makes a fixed commit: every rig starts from the same one.
  const env = { ...process.env, GIT_AUTHOR_DATE: DATE, GIT_COMMITTER_DATE: DATE, GIT_CONFIG_GLOBAL: '/dev/null' };
  const git = (...args: string[]) => run('git', ['-C', fresh, ...identity, ...args], { env });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all', '--force');
  await git('commit', '--quiet', '--no-verify', '--message', 'Import the package as it was published');
  renameSync(fresh, path);
}

const DATE = '2022-03-21T12:00:00Z';

async function openRepository(path: string, testCommand: string | undefined): Promise<Source> {
  const git = (...args: string[]) =>
    run('git', ['-C', path, ...args]).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
  const top = await git('rev-parse', '--absolute-git-dir');
  if (top === undefined)
    throw usage(`--repo names ${path}, which is no git repository: run "git init" there and commit.`);
  const defaultBranch = await git('symbolic-ref', '--short', 'HEAD');
  if (defaultBranch === undefined) throw usage(`${path} has no branch checked out: check out the one to work on.`);
  if ((await git('rev-parse', '--verify', 'HEAD')) === undefined)
    throw usage(`${path} has no commit yet: commit something and start again.`);
  const command = testCommand ?? testCommandOf(await git('show', `HEAD:${RIGFILE}`), path);
  return { path, name: nameOf(path), defaultBranch, testCommand: command, isSample: false };
}

/** A name for the forge and for Kubernetes alike. */
export function nameOf(path: string): string {
  const name = basename(path, '.git')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return name || 'repository';
}

function testCommandOf(rigfile: string | undefined, where?: string): string {
  const text = where === undefined && rigfile !== undefined ? readFileSync(rigfile, 'utf8') : rigfile;
  const command = (parse(text ?? '') as { testCommand?: unknown } | null)?.testCommand;
  if (typeof command === 'string' && command !== '') return command;
  throw usage(
    `${where ?? rigfile} says nowhere how it is tested, and nothing is merged untested: name the command with ` +
      `--test-command, or commit a ${RIGFILE} with a testCommand.`,
  );
}

function usage(message: string): ExitError {
  return new ExitError(ExitCode.Usage, message);
}
