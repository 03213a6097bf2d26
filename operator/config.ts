import {
  type Address,
  address,
  ConfigError,
  httpURL,
  namespace,
  optional,
  optionalAddress,
  required,
  whole,
} from '#lib/program';

/** Where the operator listens and whom it talks to. Every value comes from the environment, so that a Deployment is its documentation. */
export interface Config {
  readonly kubeconfig: string | undefined;
  readonly intakeKubeconfig: string | undefined;
  /** A ServiceAccount of the conductor's namespace that the intake writes as, by impersonation, where it has no kubeconfig of its own. */
  readonly intakeAccount: string | undefined;
  readonly databaseUrlFile: string;
  readonly listen: Address;
  /** Where metrics are served; nowhere by default. */
  readonly metricsListen: Address | undefined;
  /** URLs as pods reach them. */
  readonly externalUrl: string;
  readonly proxyUrl: string;
  readonly egressUrl: string;
  /** Where agents send their spans: this program's own collector, unless its URL carries a credential. */
  readonly otlpEndpoint: string | undefined;
  readonly systemNamespace: string;
  /** Where the admission webhook is served, and the directory of its `tls.crt` and `tls.key`; nowhere by default. */
  readonly webhooks: { readonly listen: Address; readonly certificateDir: string } | undefined;
  readonly dataDir: string;
  readonly readerTokenFile: string | undefined;
  /** Where it is told that an issue waits for a person; nowhere by default. */
  readonly sinksFile: string | undefined;
  readonly reviewDebounceMs: number;
  readonly taskDeadlineMs: number;
  /** Pause between two writes of one forge identity; what GitHub asks of its clients, 0 where the forge asks nothing. */
  readonly forgeWriteIntervalMs: number;
  /** Between two listings of one Repository, in ms. */
  readonly resyncMs: number;
  /** How long a delivery is kept once it was applied or ignored, in ms. */
  readonly keepDeliveriesMs: number;
  readonly identity: string;
}

const DAY_MS = 86_400_000;

/** Reads the operator's configuration; throws ConfigError. An empty value counts as not set. There are no arguments. */
export function readConfig(env: NodeJS.ProcessEnv, args: readonly string[], pid: number): Config {
  if (args.length > 0)
    throw new ConfigError(`Unknown arguments (${args.join(' ')}); every setting is in the environment.`);
  return {
    kubeconfig: optional(env, 'RIG_KUBECONFIG'),
    intakeKubeconfig: optional(env, 'RIG_INTAKE_KUBECONFIG') ?? optional(env, 'RIG_KUBECONFIG'),
    intakeAccount: optional(env, 'RIG_INTAKE_ACCOUNT'),
    databaseUrlFile: required(env, 'RIG_DATABASE_URL_FILE', 'the file that holds the URL of PostgreSQL'),
    listen: address(env, 'RIG_LISTEN', '127.0.0.1:8080'),
    metricsListen: optionalAddress(env, 'RIG_METRICS_LISTEN'),
    externalUrl: httpURL(env, 'RIG_EXTERNAL_URL', 'the URL at which pods reach this conductor'),
    proxyUrl: httpURL(env, 'RIG_PROXY_URL', 'the URL at which pods reach the model proxy'),
    egressUrl: httpURL(env, 'RIG_EGRESS_URL', 'the URL at which pods reach the egress proxy'),
    otlpEndpoint: withoutCredential(optional(env, 'OTEL_EXPORTER_OTLP_ENDPOINT')),
    systemNamespace: namespace(env, 'RIG_SYSTEM_NAMESPACE', { fallback: 'rig-system', whose: 'the conductor' }),
    webhooks: webhooks(env),
    dataDir: required(env, 'RIG_DATA_DIR', 'a directory for the git cache'),
    readerTokenFile: optional(env, 'RIG_READER_TOKEN_FILE'),
    sinksFile: optional(env, 'RIG_SINKS_FILE'),
    reviewDebounceMs: whole(env, 'RIG_REVIEW_DEBOUNCE_SECONDS', 'seconds', { least: 0, fallback: 60 }) * 1_000,
    taskDeadlineMs: whole(env, 'RIG_TASK_DEADLINE_SECONDS', 'seconds', { least: 1, fallback: 3_600 }) * 1_000,
    forgeWriteIntervalMs: whole(env, 'RIG_FORGE_WRITE_INTERVAL_MS', 'milliseconds', { least: 0, fallback: 1_000 }),
    resyncMs: whole(env, 'RIG_RESYNC_SECONDS', 'seconds', { least: 1, fallback: 300 }) * 1_000,
    // A delivery that is forgotten is new when it is sent again, which GitHub does for three days.
    keepDeliveriesMs: whole(env, 'RIG_KEEP_DELIVERIES_DAYS', 'days', { least: 7, fallback: 30 }) * DAY_MS,
    identity: optional(env, 'POD_NAME') ?? `rig-conductor-${pid}`,
  };
}

/** A model's shell may read the environment of its task. */
function withoutCredential(value: string | undefined): string | undefined {
  const parsed = value === undefined ? null : URL.parse(value);
  return parsed === null || parsed.username !== '' || parsed.password !== '' || parsed.search !== ''
    ? undefined
    : value;
}

function webhooks(env: NodeJS.ProcessEnv): Config['webhooks'] {
  const listen = optionalAddress(env, 'RIG_WEBHOOK_LISTEN');
  if (listen === undefined) return undefined;
  const what = 'the directory in which the webhook finds tls.crt and tls.key';
  return { listen, certificateDir: required(env, 'RIG_WEBHOOK_CERTIFICATE_DIR', what) };
}
