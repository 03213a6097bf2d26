import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Remote } from './index.ts';

/** One repository that git fetches from, and a folder for copies of it. */
export class TestForge {
  readonly folder: string;
  readonly #server: Server;
  #made = 0;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.#server = server;
  }

  static async start(): Promise<TestForge> {
    const folder = mkdtempSync(join(tmpdir(), 'git-cache-'));
    // A repository is files to git's older protocol.
    const server = createServer(({ url = '' }, response) => {
      const file = createReadStream(join(folder, 'remote', '.git', new URL(url, 'http://forge.test').pathname));
      file.on('error', () => response.writeHead(404).end()).pipe(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const forge = new TestForge(folder, server);
    forge.run('init', '--quiet', '--initial-branch=main', 'remote');
    return forge;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs git beside the repository, and the copies. */
  run(...args: string[]): string {
    const who = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com'];
    return execFileSync('git', [...who, ...args], { cwd: this.folder, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /** The next commit on a branch, with a file that no other has; a branch that is new begins at `from`. */
  commit(branch = 'main', from = 'main'): string {
    const head = this.#tip(branch) ?? this.#tip(from);
    this.#made += 1;
    writeFileSync(join(this.folder, 'text'), `${branch} ${this.#made}\n`);
    const blob = this.run('-C', 'remote', 'hash-object', '-w', '../text');
    this.run('-C', 'remote', 'update-index', '--add', '--cacheinfo', `100644,${blob},file`);
    const tree = this.run('-C', 'remote', 'write-tree');
    const sha = this.run('-C', 'remote', 'commit-tree', tree, '-m', 'Go on', ...(head === null ? [] : ['-p', head]));
    this.move(branch, sha);
    return sha;
  }

  /** Puts a branch where it may not have led to before; null deletes it. */
  move(branch: string, sha: string | null): void {
    const ref = `refs/heads/${branch}`;
    this.run('-C', 'remote', 'update-ref', ...(sha === null ? ['-d', ref] : [ref, sha]));
    this.run('-C', 'remote', 'update-server-info');
  }

  #tip(branch: string): string | null {
    return this.run('-C', 'remote', 'for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`) || null;
  }

  get remote(): Remote {
    return {
      host: 'forge.test',
      id: 7,
      url: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`,
      authorization: { origin: 'http://forge.test', headerName: 'authorization', headerValue: 'none' },
    };
  }
}
