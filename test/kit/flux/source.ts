import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

/** What a GitRepository's status says of the commit that its source holds. */
export interface Artifact {
  readonly revision: string;
  readonly path: string;
  readonly url: string;
  readonly digest: string;
  readonly size: number;
  readonly lastUpdateTime: string;
}

/** Stands in for Flux's source-controller: serves the tree of a commit as it does, and says of it what it says. */
export class Source {
  readonly #server: Server;
  readonly #archives = new Map<string, Buffer>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Source> {
    const server = createServer((request, response) => {
      const archive = source.#archives.get(request.url ?? '');
      if (archive === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'application/gzip' }).end(archive);
    });
    const source = new Source(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return source;
  }

  /** The tree of `commit` of a clone, as the artifact of a branch. */
  async archive(clone: string, commit: string, branch = 'main'): Promise<Artifact> {
    const options = { encoding: 'buffer', maxBuffer: 1 << 28 } as const;
    const { stdout } = await promisify(execFile)('git', ['-C', clone, 'archive', commit], options);
    const packed = gzipSync(stdout);
    const path = `gitrepository/${commit}.tar.gz`;
    this.#archives.set(`/${path}`, packed);
    return {
      revision: `${branch}@sha1:${commit}`,
      path,
      url: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${path}`,
      digest: `sha256:${createHash('sha256').update(packed).digest('hex')}`,
      size: packed.length,
      lastUpdateTime: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
    };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
