import { type GitOptions, type GitResult, runGit } from '../git/index.ts';
import { patiently } from './patience.ts';

/** The remote of the task's repository; `token` is asked before each call, so that a renewed one is picked up. */
export interface Gateway {
  readonly url: string;
  readonly token: () => string;
}

export interface OriginOptions {
  /** A folder for this task alone, `origin.git` in it is made anew. The sandbox reads it; nothing secret is written there, and no address. */
  readonly folder: string;
  readonly gateway: Gateway;
  readonly branch: string;
  readonly baseRef: string;
  readonly baseSHA: string;
  /** Where work starts: the branch's tip or the pull request's head; null starts at the base. */
  readonly startSHA: string | null;
  readonly author: { readonly name: string; readonly email: string };
  /** `<namespace>/<task>`, the trailer every commit of the task carries. */
  readonly task: string;
  readonly signal: AbortSignal;
}

/** Git in the runtime's own bare repository, whose configuration nobody else writes. */
export class Repository {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly #gateway: Gateway;

  constructor(path: string, { gateway, signal }: OriginOptions) {
    this.path = path;
    this.signal = signal;
    this.#gateway = gateway;
  }

  /** Without credentials and without the network: what is missing here is missing. */
  git(args: readonly string[], more: Partial<GitOptions> = {}): Promise<GitResult> {
    const config = { 'protocol.allow': 'never', ...more.config };
    return runGit(args, { cwd: this.path, signal: this.signal, ...more, config });
  }

  /** With the gateway's credentials: for what talks to the network. A gateway that is away is waited for. */
  remote(args: readonly string[], input?: string): Promise<GitResult> {
    const { origin } = new URL(this.#gateway.url);
    const once = () =>
      runGit(args, {
        cwd: this.path,
        signal: this.signal,
        ...(input === undefined ? {} : { input }),
        config: {
          // By environment: the repository's own configuration can be read by the sandbox, so it names no address.
          'remote.origin.url': this.#gateway.url,
          // For this origin alone: a rewritten URL must not carry the token somewhere else.
          [`http.${origin}/.extraHeader`]: `Authorization: Bearer ${this.#gateway.token()}`,
          [`http.${origin}/.proxy`]: '',
          'http.followRedirects': 'false',
        },
      });
    return patiently(once, { signal: this.signal });
  }

  has(sha: string): Promise<boolean> {
    return holds(this, sha);
  }
}

/** Whether the commit is here. Other ways to ask make git look for it at the remote. */
export async function holds(within: Pick<Repository, 'git'>, sha: string): Promise<boolean> {
  const args = ['rev-list', '--missing=print', '--no-walk', sha];
  const { exitCode, stdout } = await within.git(args, { accept: [128] });
  return exitCode === 0 && stdout.trim() === sha;
}
