import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A git repository of a test, with a base and a branch that changes it. */
export class TestRepository {
  readonly path = mkdtempSync(join(tmpdir(), 'rig-tiers-'));

  constructor() {
    this.git('init', '--quiet', '--initial-branch=main');
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', [...identity, ...args], { cwd: this.path, encoding: 'utf8' }).trim();
  }

  /** Makes a tree of these lines, as `git mktree` takes them. */
  mktree(lines: string): string {
    return execFileSync('git', ['mktree'], { cwd: this.path, encoding: 'utf8', input: lines }).trim();
  }

  write(path: string, text: string | Buffer): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), text);
  }

  link(path: string, to: string): void {
    symlinkSync(to, join(this.path, path));
  }

  executable(path: string): void {
    chmodSync(join(this.path, path), 0o755);
  }

  /** Commits everything and answers the commit. */
  commit(message = 'A change'): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
