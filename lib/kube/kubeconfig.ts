import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import {
  type Cluster,
  type Context,
  newClusters,
  newContexts,
  newUsers,
} from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';
import { type Clock, realClock } from './clock.ts';
import { ClusterConfig } from './config.ts';
import type { KubeUser } from './credentials.ts';
import { KubeError } from './errors.ts';

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface LoadOptions {
  /** A kubeconfig file. Default: KUBECONFIG (several files are merged, the first to name a thing wins), then the pod's ServiceAccount, then ~/.kube/config. */
  path?: string;
  /** A context of it. Default: its current-context. */
  context?: string;
  env?: Record<string, string | undefined>;
  /** Where the pod's ServiceAccount is mounted; below CONTAINER_SANDBOX_MOUNT_POINT in a pod that is a process of its host. */
  serviceAccountDir?: string;
  /** A user to act as, by impersonation, instead of the one that logs in. */
  impersonate?: string;
  clock?: Clock;
}

/** Finds cluster, user and namespace to work with. Throws KubeError `Config` with one sentence that says what is missing. */
export function loadKubeConfig(options: LoadOptions = {}): ClusterConfig {
  const env = options.env ?? process.env;
  const clock = options.clock ?? realClock;
  const files = options.path === undefined ? filesFromEnvironment(env) : [options.path];
  const as = (config: Loaded) => configOf(config, options.impersonate, clock);
  if (files.length > 0) return as(fromFiles(files, options.context));
  const mounts = env.CONTAINER_SANDBOX_MOUNT_POINT ?? '';
  const directory = options.serviceAccountDir ?? path.join(mounts, SERVICE_ACCOUNT_DIR);
  if (env.KUBERNETES_SERVICE_HOST && existsSync(path.join(directory, 'token'))) return as(inCluster(directory, env));
  const home = path.join(env.HOME ?? homedir(), '.kube', 'config');
  if (existsSync(home)) return as(fromFiles([home], options.context));
  throw new KubeError('Config', `no cluster is configured: set KUBECONFIG, or put a kubeconfig at ${home}`);
}

interface Loaded {
  readonly cluster: Cluster;
  readonly user: KubeUser;
  readonly namespace: string | undefined;
}

function configOf({ cluster, user, namespace }: Loaded, impersonate: string | undefined, clock: Clock): ClusterConfig {
  return new ClusterConfig(cluster, impersonate ? { ...user, impersonateUser: impersonate } : user, namespace, clock);
}

interface ParsedFile {
  clusters: Cluster[];
  users: KubeUser[];
  contexts: Context[];
  currentContext: string | undefined;
}

function filesFromEnvironment(env: Record<string, string | undefined>): string[] {
  return (env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '');
}

function fromFiles(files: string[], wanted: string | undefined): Loaded {
  const parsed = files.map(parseFile);
  const where = files.join(', ');
  const contextName = wanted ?? parsed.find((file) => file.currentContext)?.currentContext;
  if (!contextName) throw new KubeError('Config', `${where} has no current-context: name one with a context option`);
  const pick = <T extends { name: string }>(kind: string, name: string, lists: T[][]): T => {
    const found = lists.flat().find((entry) => entry.name === name);
    if (found === undefined) throw new KubeError('Config', `${where} has no ${kind} named ${name}`);
    return found;
  };
  const context = pick(
    'context',
    contextName,
    parsed.map((file) => file.contexts),
  );
  const cluster = pick(
    'cluster',
    context.cluster,
    parsed.map((file) => file.clusters),
  );
  const user = pick(
    'user',
    context.user,
    parsed.map((file) => file.users),
  );
  return { cluster, user, namespace: context.namespace };
}

function parseFile(file: string): ParsedFile {
  try {
    const raw = (parse(readFileSync(file, 'utf8')) ?? {}) as Record<string, unknown>;
    const root = path.dirname(path.resolve(file));
    return {
      clusters: newClusters(raw.clusters).map((cluster) => ({ ...cluster, caFile: absolute(root, cluster.caFile) })),
      users: parseUsers(raw.users, root),
      contexts: newContexts(raw.contexts),
      currentContext: typeof raw['current-context'] === 'string' ? raw['current-context'] : undefined,
    };
  } catch (cause) {
    throw new KubeError('Config', `cannot use the kubeconfig ${file}: ${(cause as Error).message}`, { cause });
  }
}

function parseUsers(raw: unknown, root: string): KubeUser[] {
  const tokenFiles = new Map<string, string>();
  for (const entry of Array.isArray(raw) ? raw : []) {
    if (typeof entry?.user?.tokenFile === 'string') tokenFiles.set(entry.name, entry.user.tokenFile);
  }
  return newUsers(raw).map((user) => ({
    ...user,
    certFile: absolute(root, user.certFile),
    keyFile: absolute(root, user.keyFile),
    tokenFile: absolute(root, tokenFiles.get(user.name)),
  }));
}

function absolute(root: string, file: string | undefined | null): string | undefined {
  return file ? path.resolve(root, file) : undefined;
}

function inCluster(directory: string, env: Record<string, string | undefined>): Loaded {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  const port = env.KUBERNETES_SERVICE_PORT ?? '443';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const cluster = { name: 'in-cluster', server, caFile: path.join(directory, 'ca.crt'), skipTLSVerify: false };
  const namespaceFile = path.join(directory, 'namespace');
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : undefined;
  const user = { name: 'service-account', tokenFile: path.join(directory, 'token') };
  return { cluster, user, namespace };
}
