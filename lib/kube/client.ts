import type {
  ApplyOptions,
  DeleteOptions,
  ListOptions,
  PodLogOptions,
  TokenRequest,
  TokenReview,
  WriteOptions,
} from './calls.ts';
import type { ClusterConfig } from './config.ts';
import { isKubeError, KubeError } from './errors.ts';
import { apiVersionOf, keyOf, PODS, resourcePath, SERVICE_ACCOUNTS, TOKEN_REVIEWS } from './resource.ts';
import { type CallOptions, Transport, type TransportOptions } from './transport.ts';
import type { KubeObject, ObjectList, ObjectRef, Resource } from './types.ts';
import { type WatchOptions, watchStream } from './watch.ts';

export interface ClientOptions extends TransportOptions {
  /** Default `rig`. */
  fieldManager?: string;
}

/**
 * The Kubernetes API for any kind, by its {@link Resource}. Objects are plain JSON, times are strings. Every failure is a
 * KubeError; see {@link Transport} for what is retried. Safe to share between all parts of a program.
 */
export class KubeClient {
  readonly config: ClusterConfig;
  readonly fieldManager: string;
  readonly #transport: Transport;

  constructor(config: ClusterConfig, options: ClientOptions = {}) {
    this.config = config;
    this.fieldManager = options.fieldManager ?? 'rig';
    this.#transport = new Transport(config, options);
  }

  /** Throws NotFound when there is none. */
  async get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    return this.#transport.json<T>({ ...options, method: 'GET', path: resourcePath(resource, ref) });
  }

  /** As get, but undefined when there is none. */
  async find<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.get(resource, ref, options);
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** Every page, as one list. Throws Gone when paging took longer than the server keeps the snapshot. */
  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const items: T[] = [];
    let resourceVersion = '';
    for await (const page of this.pages(resource, options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  /** The pages of a list, all of one snapshot. Items carry apiVersion and kind, which the server leaves out of lists. */
  async *pages<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): AsyncGenerator<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, limit = 500, ...call } = options;
    const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    let next: string | undefined;
    do {
      const page = await this.#transport.json<{
        metadata: { resourceVersion: string; continue?: string };
        items: T[] | null;
      }>({
        ...call,
        method: 'GET',
        path: resourcePath(resource, { namespace }),
        query: { labelSelector, fieldSelector, limit: limit || undefined, continue: next },
      });
      const items = (page.items ?? []).map((item) => (item.kind === undefined ? { ...type, ...item } : item));
      yield { items, resourceVersion: page.metadata.resourceVersion };
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
  }

  /** Throws AlreadyExists. Not repeated after an unknown outcome: use deterministic names or apply. */
  async create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(resource, { namespace: object.metadata.namespace });
    return this.#write<T>('POST', path, typed(resource, object), options);
  }

  /** PUT of the whole object; with a resourceVersion in it, Conflict when it has moved. */
  async replace<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#write<T>('PUT', pathOf(resource, object), typed(resource, object), options);
  }

  /** Server-side apply of the fields in `object`. Calling twice with the same fields changes nothing. */
  async apply<T extends KubeObject>(resource: Resource<T>, object: KubeObject, options: ApplyOptions = {}): Promise<T> {
    return this.#apply<T>(pathOf(resource, object), typed(resource, object), options);
  }

  /**
   * Server-side apply of `status` alone; with `resourceVersion`, Conflict when the object has moved since. The API server does not heed
   * metadata.uid here, so it is compared with the answer: when another object of that name was written, Conflict is thrown afterwards, and
   * that object's own reconcile puts it right.
   */
  async applyStatus<T extends KubeObject>(
    resource: Resource<T>,
    object: KubeObject,
    { resourceVersion, ...options }: ApplyOptions & { resourceVersion?: string } = {},
  ): Promise<T> {
    const { name, namespace, uid } = object.metadata;
    const metadata = { name, namespace, uid, resourceVersion };
    const body = typed(resource, { metadata, status: object.status });
    const stored = await this.#apply<T>(pathOf(resource, object, 'status'), body, options);
    if (uid !== undefined && stored.metadata.uid !== uid) {
      throw new KubeError('Conflict', `${resource.kind} ${keyOf(object)} was deleted and made again`);
    }
    return stored;
  }

  /** JSON merge patch (RFC 7386): null deletes a field, lists are replaced whole. */
  async patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: unknown,
    options: WriteOptions & { subresource?: string } = {},
  ): Promise<T> {
    const { subresource, ...rest } = options;
    const path = resourcePath(resource, { ...ref, subresource });
    return this.#write<T>('PATCH', path, patch, rest, 'application/merge-patch+json');
  }

  /** JSON merge patch of `status`. */
  async patchStatus<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    status: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.patch(resource, ref, { status }, { ...options, subresource: 'status' });
  }

  /** Returns whether there was something to delete. An object with finalizers is still there afterwards, being deleted. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, propagation = 'Background', gracePeriodSeconds, ...call } = options;
    const body = { propagationPolicy: propagation, gracePeriodSeconds, preconditions: { uid, resourceVersion } };
    try {
      await this.#transport.text({ ...call, method: 'DELETE', path: resourcePath(resource, ref), body });
      return true;
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return false;
      throw error;
    }
  }

  /** A token of a ServiceAccount (TokenRequest). `expiresAt` is the server's RFC 3339 time. */
  async createToken(
    serviceAccount: ObjectRef,
    spec: TokenRequest,
    options: CallOptions = {},
  ): Promise<{ token: string; expiresAt: string }> {
    const path = resourcePath(SERVICE_ACCOUNTS, { ...serviceAccount, subresource: 'token' });
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const answer = await this.#transport.json<{ status: { token: string; expirationTimestamp: string } }>({
      ...options,
      method: 'POST',
      path,
      body,
      idempotent: true,
    });
    return { token: answer.status.token, expiresAt: answer.status.expirationTimestamp };
  }

  /** Asks the API server whose token this is (TokenReview). With `audiences`, it must be valid for one of them. */
  async tokenReview(token: string, audiences?: string[], options: CallOptions = {}): Promise<TokenReview> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
    const path = resourcePath(TOKEN_REVIEWS);
    const answer = await this.#transport.json<{
      status?: { authenticated?: boolean; audiences?: string[]; error?: string; user?: Partial<TokenReview> };
    }>({ ...options, method: 'POST', path, body, idempotent: true });
    const status = answer.status ?? {};
    return {
      ...status.user,
      authenticated: status.authenticated === true,
      audiences: status.audiences ?? [],
      error: status.error,
    };
  }

  /** The log of a container as text. */
  async podLogs(ref: ObjectRef, options: PodLogOptions = {}): Promise<string> {
    const { container, tailLines, limitBytes = 1 << 20, previous, sinceSeconds, timestamps, ...call } = options;
    const query = { container, tailLines, limitBytes, previous, sinceSeconds, timestamps };
    return this.#transport.text({
      ...call,
      method: 'GET',
      path: resourcePath(PODS, { ...ref, subresource: 'log' }),
      query,
    });
  }

  /** One watch request; see {@link watchStream}. Use an informer unless a single stream is what you need. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions<T>): Promise<void> {
    return watchStream(this.config, resource, options);
  }

  /** Any other path of the API server, for instance `/readyz` or `/version`, as text. */
  raw(path: string, options: CallOptions = {}): Promise<string> {
    return this.#transport.text({ ...options, method: 'GET', path });
  }

  /** Breaks every open connection. */
  close(): Promise<void> {
    return this.config.close();
  }

  #apply<T>(path: string, body: unknown, options: ApplyOptions): Promise<T> {
    const { force = true, ...rest } = options;
    return this.#write<T>('PATCH', path, body, rest, 'application/apply-patch+yaml', { force });
  }

  #write<T>(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: unknown,
    options: WriteOptions,
    contentType?: string,
    extra: { force?: boolean } = {},
  ): Promise<T> {
    const { fieldManager = this.fieldManager, dryRun, ...call } = options;
    const query = { fieldManager, dryRun: dryRun ? 'All' : undefined, ...extra };
    return this.#transport.json<T>({ ...call, method, path, query, body, contentType });
  }
}

function typed<T extends KubeObject>(resource: Resource, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function pathOf(resource: Resource, object: KubeObject, subresource?: string): string {
  const { name, namespace } = object.metadata;
  if (name === undefined) throw new KubeError('Config', `a ${resource.kind} without metadata.name cannot be written`);
  return resourcePath(resource, { namespace, name, subresource });
}
