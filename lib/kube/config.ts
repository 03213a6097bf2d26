import type { Cluster } from '@kubernetes/client-node/dist/config_types.js';
import type { Dispatcher } from 'undici';
import { type Clock, realClock } from './clock.ts';
import { CredentialSource, fileOrData, type KubeUser } from './credentials.ts';
import { Dispatchers } from './dispatchers.ts';
import { KubeError } from './errors.ts';

/** Headers and connection pool for one request. */
export interface Authorization {
  headers: Record<string, string>;
  dispatcher: Dispatcher;
}

/** The part of the library's RequestContext that its Watch lets an authenticator fill in. */
export interface AuthorizedContext {
  setHeaderParam(key: string, value: string): void;
  setDispatcher(dispatcher: Dispatcher): void;
}

/**
 * One cluster and one user of a kubeconfig. Stands where the client library takes its KubeConfig (whose module loads every
 * generated API: 55 MB of memory that no program here needs), shares one connection pool between all requests, and follows
 * tokens, certificates and CAs as their files rotate. Refuses plain http unless the kubeconfig says insecure-skip-tls-verify.
 */
export class ClusterConfig {
  readonly cluster: Cluster;
  /** The context's namespace, else `default`. */
  readonly namespace: string;
  readonly #credentials: CredentialSource;
  readonly #ca: () => Buffer | undefined;
  readonly #dispatchers = new Dispatchers();

  constructor(cluster: Cluster, user: KubeUser, namespace?: string, clock: Clock = realClock) {
    refuseUnsafe(cluster);
    this.cluster = cluster;
    this.namespace = namespace || 'default';
    this.#credentials = new CredentialSource(user, clock);
    this.#ca = fileOrData(cluster.caFile, cluster.caData, clock);
  }

  get server(): string {
    return this.cluster.server;
  }

  async authorize(): Promise<Authorization> {
    const { headers, cert, key } = await this.#credentials.read();
    const dispatcher = this.#dispatchers.get({
      ca: this.#ca(),
      cert,
      key,
      serverName: this.cluster.tlsServerName,
      insecure: this.cluster.skipTLSVerify,
      proxyUrl: this.cluster.proxyUrl,
    });
    return { headers, dispatcher };
  }

  /** Called after a 401; true when reading the credential again may change the answer. */
  expireCredentials(): boolean {
    return this.#credentials.expire();
  }

  /** Breaks every open connection. */
  close(): Promise<void> {
    return this.#dispatchers.close();
  }

  /** The library's name for {@link cluster}. */
  getCurrentCluster(): Cluster {
    return this.cluster;
  }

  /** The library's name for {@link authorize}. */
  async applySecurityAuthentication(context: AuthorizedContext): Promise<void> {
    const { headers, dispatcher } = await this.authorize();
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    context.setDispatcher(dispatcher);
  }
}

function refuseUnsafe(cluster: Cluster): void {
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    throw new KubeError(
      'Config',
      `cluster ${cluster.name} is served at ${cluster.server} without TLS: use https, or set insecure-skip-tls-verify to accept that`,
    );
  }
  if (cluster.proxyUrl !== undefined && !/^https?:/.test(cluster.proxyUrl)) {
    throw new KubeError('Config', `proxy-url of cluster ${cluster.name} must be an http or https URL`);
  }
}
