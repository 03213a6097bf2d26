import { isIP } from 'node:net';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { SinkError } from './error.ts';

/** Where notices go. */
export interface Sink {
  readonly name: string;
  readonly kind: 'webhook' | 'slack';
  readonly url: URL;
  /** Signs what is sent; null for kinds whose URL is the secret. */
  readonly secret: Buffer | null;
  /** Which addresses its host may have. */
  readonly network: Network;
  /** The namespaces whose issues it is told of; null for all. */
  readonly namespaces: readonly string[] | null;
}

export type Network = 'public' | 'private' | 'loopback';

const SinkConfig = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$' }),
    kind: Type.Union([Type.Literal('webhook'), Type.Literal('slack')]),
    url: Type.String({ minLength: 1, maxLength: 2_048 }),
    secret: Type.Optional(Type.String({ maxLength: 256 })),
    network: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private'), Type.Literal('loopback')])),
    namespaces: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 63 }), { minItems: 1, maxItems: 100 })),
  },
  { additionalProperties: false },
);
const SinksConfig = Type.Object({ sinks: Type.Array(SinkConfig, { maxItems: 20 }) }, { additionalProperties: false });
type SinkConfig = Static<typeof SinkConfig>;

/** The sinks that a file (YAML or JSON) names. Throws SinkError `Invalid`, which says where it is wrong and nothing of what stands there. */
export function parseSinks(text: string): Sink[] {
  const config = document(text);
  if (!Value.Check(SinksConfig, config)) {
    const [first] = Value.Errors(SinksConfig, config);
    throw invalid(`it is wrong at ${first?.instancePath || 'its root'}; docs/escalation.md has an example`);
  }
  const names = config.sinks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`two sinks are named ${twice}; give each a name of its own`);
  return config.sinks.map(sinkOf);
}

function document(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // The parser's own words quote the file.
    throw invalid('it is no YAML');
  }
}

function sinkOf(config: SinkConfig): Sink {
  const { name, kind, network = 'public', namespaces = null } = config;
  return { name, kind, network, namespaces, url: urlOf(config, network), secret: secretOf(config) };
}

function urlOf({ name, url: text }: SinkConfig, network: Network): URL {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '')
    throw invalid(`the url of ${name} is none, or has a user or a fragment`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const plain = url.protocol === 'http:' && network === 'loopback' && (isIP(host) !== 0 || host === 'localhost');
  if (url.protocol !== 'https:' && !plain)
    throw invalid(`the url of ${name} is not https; only a sink of network loopback may be http`);
  return url;
}

/** Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
function secretOf({ name, kind, secret }: SinkConfig): Buffer | null {
  if (kind === 'slack') {
    if (secret !== undefined) throw invalid(`${name} is of kind slack, whose URL is the secret; take its secret away`);
    return null;
  }
  const bytes = /^whsec_(?<key>[A-Za-z0-9+/]+={0,2})$/.exec(secret ?? '')?.groups?.key ?? '';
  const key = Buffer.from(bytes, 'base64');
  if (key.length < 24 || key.length > 64)
    throw invalid(
      `the secret of ${name} is not whsec_ and 24 to 64 bytes in base64; make one with openssl rand -base64 32`,
    );
  return key;
}

function invalid(why: string): SinkError {
  return new SinkError('Invalid', `The file of sinks cannot be used: ${why}.`);
}
