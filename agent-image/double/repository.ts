import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface SampleRepository {
  /** Holds `team/shop.git`. */
  readonly root: string;
  readonly scratch: string;
  git(...args: string[]): string;
  /** Commits `files` onto `branch` of the bare repository and returns the commit. */
  commit(branch: string, files: Record<string, string>, message?: string): string;
  /** The next commit has the first one as its parent. */
  reset(): void;
  remove(): void;
}

/** A bare repository as a forge has it, with a checkout beside it to make commits in. */
export function makeRepository(files: Record<string, string>): SampleRepository & { baseSHA: string } {
  const scratch = mkdtempSync(join(tmpdir(), 'rig-agent-test-'));
  const root = join(scratch, 'forge');
  const bare = join(root, 'team/shop.git');
  const work = join(scratch, 'seed');
  const run = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Seed', '-c', 'user.email=seed@example.com', ...args], {
      cwd,
      encoding: 'utf8',
    }).trim();
  mkdirSync(bare, { recursive: true });
  mkdirSync(work, { recursive: true });
  run(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
  run(bare, 'config', 'http.receivepack', 'true');
  run(bare, 'config', 'uploadpack.allowFilter', 'true');
  run(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  run(work, 'init', '--quiet', '--initial-branch=main');
  run(work, 'remote', 'add', 'origin', bare);
  const commit = (branch: string, changed: Record<string, string>, message = 'Seed') => {
    for (const [path, content] of Object.entries(changed)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), content);
    }
    run(work, 'add', '--all');
    run(work, 'commit', '--quiet', '--allow-empty', '-m', message);
    run(work, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
    return run(work, 'rev-parse', 'HEAD');
  };
  const baseSHA = commit('main', files);
  return {
    root,
    scratch,
    baseSHA,
    commit,
    git: (...args) => run(bare, ...args),
    reset: () => void run(work, 'checkout', '--quiet', baseSHA),
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}
