import type { Manifest } from './source.ts';

/** A setting of the chart. Its default is what the source says at the places it sets, so that both forms install the same. */
export interface Value {
  /** `conductor.replicas`. */
  readonly path: string;
  readonly says: string;
  readonly schema: object;
  /** Where it goes; none for what only the templates ask. */
  readonly places: readonly Place[];
  /** Where the default is not what the source says. */
  readonly default?: unknown;
  /** How a template writes it; default as JSON. */
  readonly writes?: (reference: string, source: unknown) => string;
}

export interface Place {
  readonly kind: string;
  readonly name: string;
  /** Keys from the object's root; `name=x` picks the entry of a list, `+` at the end appends what the value lists. */
  readonly at: readonly string[];
}

/** Programs of the install: the Deployment `rig-<name>`, whose container is called `name`. */
const PROGRAMS = ['conductor', 'proxy', 'egress', 'verifier'] as const;
type Program = (typeof PROGRAMS)[number];

const podSpec = ['spec', 'template', 'spec'];
const deployment = (program: Program, ...at: string[]): Place => ({ kind: 'Deployment', name: `rig-${program}`, at });
const container = (program: Program, ...at: string[]) =>
  deployment(program, ...podSpec, 'containers', `name=${program}`, ...at);
const setting = (program: Program, name: string) => container(program, 'env', `name=${name}`, 'value');
const volume = (program: Program, name: string) =>
  deployment(program, ...podSpec, 'volumes', `name=${name}`, 'secret', 'secretName');

const json = (reference: string) => `{{ ${reference} | toJson }}`;
const asText = (reference: string) => `{{ ${reference} | toString | toJson }}`;
const orElse = (reference: string, source: unknown) => {
  const parts = String(source).split('rig-system');
  const otherwise = parts.length > 1 ? `(printf "${parts.join('%s')}" .Release.Namespace)` : `"${source}"`;
  return `{{ ${reference} | default ${otherwise} | toJson }}`;
};

/** URL at which agents reach a program. */
const externalUrl = (program: Program, name: string): Value => ({
  path: `${program}.externalUrl`,
  says: `URL at which agents reach the ${program}; empty for its Service.`,
  schema: { type: 'string', pattern: '^(https?://.*)?$' },
  places: [setting('conductor', name)],
  default: '',
  writes: orElse,
});
const policy = (...at: string[]): Place => ({
  kind: 'NetworkPolicy',
  name: 'rig-egress',
  at: ['spec', 'egress', ...at],
});

const text = { type: 'string' };
/** A Secret's name: a URL or a key that was put here by mistake is refused before it is anywhere. */
const secretName = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' };
const cidr = '[0-9a-fA-F.:]+/[0-9]{1,3}';
const seconds = { type: 'integer', minimum: 0, maximum: 999_999 };

function ofProgram(program: Program, does: string): Value[] {
  const pod = (field: string, says: string, schema: object): Value => ({
    path: `${program}.${field}`,
    says,
    schema,
    places: [deployment(program, ...podSpec, field)],
  });
  return [
    {
      path: `${program}.replicas`,
      says: `Pods that ${does}.`,
      schema: { type: 'integer', minimum: 0 },
      places: [deployment(program, 'spec', 'replicas')],
    },
    {
      path: `${program}.resources`,
      says: 'Requests and limits of its container.',
      schema: { type: 'object' },
      places: [container(program, 'resources')],
    },
    pod('nodeSelector', 'Nodes it may run on.', { type: 'object', additionalProperties: text }),
    pod('tolerations', 'Taints it tolerates.', { type: 'array', items: { type: 'object' } }),
    pod('affinity', 'Affinity beside the spread over nodes and zones.', { type: 'object' }),
    {
      path: `${program}.logLevel`,
      says: 'Least level that is logged.',
      schema: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] },
      places: [setting(program, 'RIG_LOG_LEVEL')],
    },
  ];
}

const secret = (program: Program, name: string, path: string, says: string): Value => ({
  path,
  says,
  schema: secretName,
  places: [volume(program, name)],
});

const number = (name: string, path: string, says: string, program: Program = 'conductor'): Value => ({
  path: `${program}.${path}`,
  says,
  schema: seconds,
  places: [setting(program, name)],
  writes: asText,
});

const CONDUCTOR: readonly Value[] = [
  ...ofProgram('conductor', 'answer webhooks and agents; one of them leads'),
  secret('conductor', 'database', 'conductor.databaseSecret', 'Secret with the URL of PostgreSQL under `url`.'),
  secret(
    'conductor',
    'reader',
    'conductor.readerTokenSecret',
    'Secret with the token of readers under `token`; it may be missing.',
  ),
  secret(
    'conductor',
    'sinks',
    'conductor.sinksSecret',
    'Secret that says under `sinks.yaml` who is told that an issue waits for a person; it may be missing.',
  ),
  externalUrl('conductor', 'RIG_EXTERNAL_URL'),
  number('RIG_REVIEW_DEBOUNCE_SECONDS', 'reviewDebounceSeconds', 'Quiet time after a push before a review begins.'),
  number('RIG_TASK_DEADLINE_SECONDS', 'taskDeadlineSeconds', 'Longest life of a task.'),
  number('RIG_RESYNC_SECONDS', 'resyncSeconds', 'Seconds between two listings of one Repository.'),
  number(
    'RIG_KEEP_DELIVERIES_DAYS',
    'keepDeliveriesDays',
    'Days that a delivery is kept once it was applied or ignored.',
  ),
  number('RIG_FORGE_WRITE_INTERVAL_MS', 'forgeWriteIntervalMs', 'Pause between two writes of one forge identity.'),
];

const PROXY: readonly Value[] = [
  ...ofProgram('proxy', 'pass calls to the model provider'),
  secret('proxy', 'database', 'proxy.databaseSecret', 'Secret with the URL of PostgreSQL under `url`.'),
  secret('proxy', 'provider', 'proxy.providerSecret', 'Secret with the provider’s key under `key`.'),
  {
    path: 'proxy.upstreamUrl',
    says: 'The provider.',
    schema: { type: 'string', pattern: '^https?://' },
    places: [setting('proxy', 'RIG_UPSTREAM_URL')],
  },
  externalUrl('proxy', 'RIG_PROXY_URL'),
];

const ranges = (name: string, path: string, says: string): Value => ({
  path: `egress.${path}`,
  says,
  schema: { type: 'string', pattern: `^(${cidr}(,${cidr})*)?$` },
  places: [setting('egress', name)],
});

const EGRESS: readonly Value[] = [
  ...ofProgram('egress', 'let agents out to the hosts that are allowed'),
  secret('egress', 'database', 'egress.databaseSecret', 'Secret with the URL of PostgreSQL under `url`.'),
  ranges(
    'RIG_EGRESS_ALLOW_RANGES',
    'allowRanges',
    'Ranges inside the network that may be reached, in CIDR form, with commas; `networkPolicies.extraEgress` has to let them through.',
  ),
  ranges('RIG_EGRESS_DENY_RANGES', 'denyRanges', 'Ranges that may not, beside the usual ones.'),
  externalUrl('egress', 'RIG_EGRESS_URL'),
];

const VERIFIER: readonly Value[] = [
  ...ofProgram('verifier', 'judge heads of pull requests; one of them leads and reports'),
  secret(
    'verifier',
    'app',
    'verifier.appSecret',
    'Secret of the verifier’s namespace with its forge App: `apiURL`, `appId`, `privateKey`, `webhookSecret`; it may come later.',
  ),
  number(
    'RIG_POLL_SECONDS',
    'pollSeconds',
    'Seconds between two looks at the pull requests of a repository.',
    'verifier',
  ),
  number(
    'RIG_FORGE_WRITE_INTERVAL_MS',
    'forgeWriteIntervalMs',
    'Pause between two writes of the verifier at its forge.',
    'verifier',
  ),
];

const flag = { type: 'boolean' };
const WEBHOOKS: readonly Value[] = [
  {
    path: 'webhooks.enabled',
    says: 'Whether people are warned when they apply what names something missing.',
    schema: flag,
    places: [],
    default: true,
  },
  {
    path: 'webhooks.certificates',
    says: 'Whether the rig makes the certificate itself; false where cert-manager does, into Secret `rig-webhook-certificate`.',
    schema: flag,
    places: [],
    default: true,
  },
  {
    path: 'webhooks.annotations',
    says: 'Annotations of the webhook configuration, such as `cert-manager.io/inject-ca-from`.',
    schema: { type: 'object', additionalProperties: text },
    places: [{ kind: 'ValidatingWebhookConfiguration', name: 'rig-conductor', at: ['metadata', 'annotations'] }],
  },
];

const NETWORK: readonly Value[] = [
  {
    path: 'networkPolicies.enabled',
    says: 'Whether the programs are reached by those alone who need them, and the way out leads out only.',
    schema: flag,
    places: [],
    default: true,
  },
  {
    path: 'networkPolicies.extraEgress',
    says: 'Rules of a NetworkPolicy’s `egress` for what the way out reaches besides: allowed ranges, a collector.',
    schema: { type: 'array', items: { type: 'object' } },
    places: [policy('+')],
    default: [],
  },
  {
    path: 'dns.peers',
    says: 'Whom the way out asks for names, as peers of a NetworkPolicy.',
    schema: { type: 'array', minItems: 1, items: { type: 'object' } },
    places: [policy('0', 'to')],
  },
  {
    path: 'database.port',
    says: 'Port of PostgreSQL, which the way out has to reach.',
    schema: { type: 'integer', minimum: 1, maximum: 65_535 },
    places: [policy('2', 'ports', '0', 'port')],
  },
];

const CA_FILE = '/etc/rig/ca/ca.crt';
const trust = (programs: readonly Program[]): Value => ({
  path: 'tls.caSecret',
  says: 'Secret with certificate authorities to trust besides the usual ones, under `ca.crt`; empty for none.',
  schema: { type: 'string', pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$' },
  places: programs.flatMap((program) => [setting(program, 'NODE_EXTRA_CA_CERTS'), volume(program, 'ca')]),
  default: '',
  writes: (reference, source) =>
    source === '' ? `{{ ternary "" "${CA_FILE}" (empty ${reference}) | toJson }}` : orElse(reference, source),
});

const everyProgram = (present: readonly Manifest[]) =>
  PROGRAMS.filter((program) =>
    present.some(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `rig-${program}`),
  );

/** All settings of the chart, in the order of values.yaml. */
export function valuesOf(present: readonly Manifest[]): Value[] {
  const programs = everyProgram(present);
  const shared = (path: string, says: string, schema: object, at: readonly string[]): Value => ({
    path,
    says,
    schema,
    places: [
      ...programs.map((program) => deployment(program, ...podSpec, ...at.map((key) => key.replace('*', program)))),
      {
        kind: 'CronJob',
        name: 'rig-certificates',
        at: ['spec', 'jobTemplate', ...podSpec, ...at.map((key) => key.replace('*', 'certificates'))],
      },
    ],
  });
  return [
    {
      path: 'image.registry',
      says: 'Where the images are.',
      schema: { type: 'string', pattern: '^[a-z0-9][^\\s]*[a-z0-9]$' },
      places: [],
      default: 'ghcr.io/dashecorp',
    },
    {
      path: 'image.tag',
      says: 'Their tag; empty for the version of the chart.',
      schema: { type: 'string', pattern: '^([\\w][\\w.-]{0,127})?$' },
      places: [],
      default: '',
    },
    shared('image.pullPolicy', 'When they are pulled.', { enum: ['Always', 'IfNotPresent', 'Never'] }, [
      'containers',
      'name=*',
      'imagePullPolicy',
    ]),
    shared(
      'image.pullSecrets',
      'Secrets to pull them with, as `{name: …}`.',
      {
        type: 'array',
        items: { type: 'object', required: ['name'], additionalProperties: false, properties: { name: secretName } },
      },
      ['imagePullSecrets'],
    ),
    {
      path: 'crds.install',
      says: 'Whether the kinds are installed and upgraded with the chart.',
      schema: { type: 'boolean' },
      places: [],
      default: true,
    },
    {
      path: 'crds.keep',
      says: 'Whether an uninstall leaves them, and every object of them, where they are.',
      schema: { type: 'boolean' },
      places: [],
      default: true,
    },
    {
      path: 'podDisruptionBudgets.enabled',
      says: 'Whether a drain waits for the other replica.',
      schema: { type: 'boolean' },
      places: [],
      default: true,
    },
    ...NETWORK,
    trust(programs),
    {
      path: 'tracing.endpoint',
      says: 'Base URL of an OTLP collector (HTTP) for traces, without credentials; empty for none. Inside the network it needs `networkPolicies.extraEgress`.',
      schema: { type: 'string', pattern: '^(https?://[^@?\\s]+)?$' },
      places: programs.map((program) => setting(program, 'OTEL_EXPORTER_OTLP_ENDPOINT')),
    },
    ...CONDUCTOR,
    ...PROXY,
    ...EGRESS,
    ...VERIFIER,
    ...WEBHOOKS,
  ];
}

/** What the templates write where a value goes. */
export function written(value: Value, source: unknown): string {
  return (value.writes ?? json)(`.Values.${value.path}`, source);
}
