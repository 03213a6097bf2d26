import { type Address, address, namespace, optional, optionalAddress, required, whole } from '#lib/program';

/** What the verifier is told. Every value comes from the environment, so that a Deployment is its documentation. */
export interface Config {
  readonly kubeconfig: string | undefined;
  /** Where probes and the forge's hints are answered, without TLS. */
  readonly listen: Address;
  /** Where metrics are served; nowhere by default. */
  readonly metricsListen: Address | undefined;
  /**
   * Where admission is served over TLS, to the API server and to policy engines, the directory with `tls.crt` and `tls.key` of the authority that its
   * certificates are issued by, and the names or addresses that they are for; nowhere by default.
   */
  readonly admission:
    | { readonly listen: Address; readonly authorityDir: string; readonly hosts: readonly string[] }
    | undefined;
  /** The namespace of the people, the trusted root and this program. */
  readonly namespace: string;
  /** Directory with the files `apiURL`, `appId`, `privateKey` and `webhookSecret` of the verifier's own App; they may come later. */
  readonly forgeAppDir: string;
  /** A directory for copies of git repositories; may be deleted at any time. */
  readonly dataDir: string;
  /** Between two looks at the pull requests of one repository, in ms. */
  readonly pollMs: number;
  /** Pause between two writes at the forge; what GitHub asks of its clients, 0 where the forge asks nothing. */
  readonly forgeWriteIntervalMs: number;
  readonly identity: string;
}

/** Reads the verifier's configuration; throws ConfigError. An empty value counts as not set. */
export function readConfig(env: NodeJS.ProcessEnv, pid: number): Config {
  return {
    kubeconfig: optional(env, 'RIG_KUBECONFIG'),
    listen: address(env, 'RIG_LISTEN', '127.0.0.1:8084'),
    metricsListen: optionalAddress(env, 'RIG_METRICS_LISTEN'),
    admission: admission(env),
    namespace: namespace(env, 'RIG_NAMESPACE', { fallback: 'rig-verifier', whose: 'the verifier' }),
    forgeAppDir: required(env, 'RIG_FORGE_APP_DIR', "the directory with the files of the verifier's App"),
    dataDir: required(env, 'RIG_DATA_DIR', 'a directory for copies of git repositories'),
    pollMs: whole(env, 'RIG_POLL_SECONDS', 'seconds', { least: 1, fallback: 15 }) * 1_000,
    forgeWriteIntervalMs: whole(env, 'RIG_FORGE_WRITE_INTERVAL_MS', 'milliseconds', { least: 0, fallback: 1_000 }),
    identity: optional(env, 'POD_NAME') ?? `rig-verifier-${pid}`,
  };
}

function admission(env: NodeJS.ProcessEnv): Config['admission'] {
  const listen = optionalAddress(env, 'RIG_WEBHOOK_LISTEN');
  if (listen === undefined) return undefined;
  const what = 'the directory in which admission finds tls.crt and tls.key of its authority';
  const authorityDir = required(env, 'RIG_WEBHOOK_AUTHORITY_DIR', what);
  const hosts = required(
    env,
    'RIG_WEBHOOK_HOSTS',
    'the names by which the API server calls admission, separated by commas',
  );
  return { listen, authorityDir, hosts: hosts.split(',') };
}
