import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';

/** What a TLS connection to the API server is made from. */
export interface TlsMaterial {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  serverName?: string;
  /** Accept any server certificate. */
  insecure: boolean;
  /** http(s) URL of a forward proxy. */
  proxyUrl?: string;
}

/** Below the API server's own idle limit (90 s), so that a reused connection is rarely one it just closed. */
const KEEP_ALIVE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * One connection pool per TLS material. The client library opens a new TLS connection for every request; handing it the same
 * dispatcher as long as certificate, key and CA are the same keeps connections alive, and a rotated certificate or CA gets a
 * new pool at its first use. The pool it replaces ends when its running requests do.
 */
export class Dispatchers {
  #key = '';
  #current: Dispatcher | undefined;
  readonly #retired = new Set<Dispatcher>();

  get(material: TlsMaterial): Dispatcher {
    const key = fingerprint(material);
    if (this.#current !== undefined && key === this.#key) return this.#current;
    this.#retire();
    this.#key = key;
    this.#current = createDispatcher(material);
    return this.#current;
  }

  /** Breaks every connection, also those of running watches. A later get starts anew. */
  async close(): Promise<void> {
    const all = [...this.#retired, ...(this.#current === undefined ? [] : [this.#current])];
    this.#current = undefined;
    this.#retired.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy().catch(() => undefined)));
  }

  #retire(): void {
    const old = this.#current;
    if (old === undefined) return;
    this.#retired.add(old);
    old
      .close()
      .catch(() => undefined)
      .finally(() => this.#retired.delete(old));
  }
}

function createDispatcher(material: TlsMaterial): Dispatcher {
  const tls = {
    ca: material.ca,
    cert: material.cert,
    key: material.key,
    servername: material.serverName,
    rejectUnauthorized: !material.insecure,
  };
  const pool = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (material.proxyUrl !== undefined) return new ProxyAgent({ ...pool, uri: material.proxyUrl, requestTls: tls });
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: CONNECT_TIMEOUT_MS };
  return new Agent({ ...pool, connect });
}

function fingerprint(material: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const part of [material.ca, material.cert, material.key, material.serverName, material.proxyUrl]) {
    hash.update(part === undefined ? '-' : `${part.length}:`).update(part ?? '');
  }
  return hash.update(String(material.insecure)).digest('base64');
}
