import { Watch } from '@kubernetes/client-node/dist/watch.js';
import type { ClusterConfig } from './config.ts';
import { errorFromTransport, errorFromWatchStatus, KubeError } from './errors.ts';
import { apiVersionOf, resourcePath } from './resource.ts';
import type { KubeObject, Resource } from './types.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchOptions<T extends KubeObject> {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Where to start: the version of a list, an event or a bookmark. */
  resourceVersion?: string;
  /** The server ends the stream after this many seconds. */
  timeoutSeconds?: number;
  /** Ends the stream with KubeError `Timeout` when nothing at all arrived for so many ms: a half-open connection. */
  idleMs?: number;
  signal: AbortSignal;
  onEvent(type: WatchEventType, object: T): void;
}

/**
 * One watch request through the client library's Watch. Resolves when the server closes the stream or `signal` aborts;
 * rejects with a KubeError for a refusal, a broken or silent connection, an ERROR event (410 is `Gone`), or a throw of
 * `onEvent`. After it has settled `onEvent` is never called again.
 */
export function watchStream<T extends KubeObject>(
  config: ClusterConfig,
  resource: Resource<T>,
  options: WatchOptions<T>,
): Promise<void> {
  const path = resourcePath(resource, { namespace: options.namespace });
  const request = `WATCH ${path}`;
  const watch = createWatch(config, options.idleMs ?? 45_000);
  return new Promise((resolve, reject) => {
    let over = false;
    let connection: AbortController | undefined;
    const finish = (error?: unknown) => {
      if (over) return;
      over = true;
      options.signal.removeEventListener('abort', stop);
      connection?.abort();
      if (error === undefined || error === null) return resolve();
      const failure = errorFromTransport(error, request);
      if (failure.code === 'Unauthorized') config.expireCredentials();
      reject(failure);
    };
    const stop = () => finish();
    const receive = (type: string, object: unknown) => {
      if (over) return;
      try {
        if (type === 'ERROR') return finish(errorFromWatchStatus(object, request));
        options.onEvent(type as WatchEventType, withType(resource, object as T));
      } catch (cause) {
        finish(new KubeError('Unexpected', `the handler of ${request} threw`, { request, cause }));
      }
    };
    options.signal.addEventListener('abort', stop, { once: true });
    if (options.signal.aborted) return stop();
    watch.watch(path, queryOf(options), receive, finish).then((controller) => {
      connection = controller;
      if (over) controller.abort();
    }, finish);
  });
}

/** The library keeps its inactivity limit in a field it does not declare public; its 30 s are shorter than a bookmark's minute. */
function createWatch(config: ClusterConfig, idleMs: number): Watch {
  const watch = new Watch(config as unknown as ConstructorParameters<typeof Watch>[0]);
  return Object.assign(watch, { requestTimeoutMs: idleMs });
}

function queryOf<T extends KubeObject>(
  options: WatchOptions<T>,
): Record<string, string | number | boolean | undefined> {
  const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  return { allowWatchBookmarks: true, labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
}

function withType<T extends KubeObject>(resource: Resource<T>, object: T): T {
  return object.kind === undefined ? { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind } : object;
}
