import { lookup } from 'node:dns/promises';
import { type RequestOptions, request as requestHTTP } from 'node:http';
import { request as requestHTTPS } from 'node:https';
import { isIP, isIPv6 } from 'node:net';
import { type AddressRule, addressRule } from '#lib/http';
import { SinkError } from './error.ts';
import type { Network, Sink } from './sinks.ts';

/** What is sent to a sink. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Lookup = (host: string) => Promise<readonly { address: string; family: number }[]>;

export interface PostOptions {
  /** For the whole call, in ms; default 10,000. */
  readonly timeoutMs?: number;
  readonly lookup?: Lookup;
}

const TIMEOUT_MS = 10_000;
const LONGEST_REST_MS = 3_600_000;
const INNER = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const RULES: Readonly<Record<Network, AddressRule>> = {
  public: addressRule(),
  private: addressRule({ allow: INNER }),
  loopback: addressRule({ allow: ['127.0.0.0/8', '::1/128'], deny: ['0.0.0.0/0', '::/0'] }),
};

/**
 * Posts to a sink and resolves once it has answered 2xx; what it says is not read. It connects to addresses that were judged, never to what
 * a second lookup says, and follows no redirect. Throws SinkError `Unreachable`, `Refused`, `TimedOut`, `Ended`.
 */
export async function post(
  sink: Sink,
  message: Message,
  signal: AbortSignal,
  options: PostOptions = {},
): Promise<void> {
  const { timeoutMs = TIMEOUT_MS, lookup: look = systemLookup } = options;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  const end = () => over.abort();
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) throw ended(sink);
    const found = await Promise.race([addresses(sink, look), aborted(over.signal)]);
    judge(sink, await answer(sink, message, found, over.signal));
  } catch (error) {
    if (error instanceof SinkError) throw error;
    if (signal.aborted) throw ended(sink);
    if (over.signal.aborted)
      throw new SinkError('TimedOut', `Sink ${sink.name} did not answer within ${timeoutMs / 1_000} s.`);
    throw new SinkError('Unreachable', `Sink ${sink.name} cannot be reached (${codeOf(error)}).`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

function answer(
  { url }: Sink,
  { headers, body }: Message,
  found: readonly { address: string; family: number }[],
  signal: AbortSignal,
): Promise<Answer> {
  const bytes = Buffer.from(body);
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    signal,
    headers: { 'content-type': 'application/json', 'content-length': bytes.length, 'user-agent': 'rig', ...headers },
    lookup: (_host, _options, done) => done(null, found as never),
  };
  return new Promise((resolve, reject) => {
    const call = (url.protocol === 'https:' ? requestHTTPS : requestHTTP)(url, options, (response) => {
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      response.on('error', () => {});
      response.destroy();
    });
    call.on('error', reject);
    call.end(bytes);
  });
}

function judge({ name }: Sink, { status, retryAfter }: Answer): void {
  if (status >= 200 && status < 300) return;
  const why =
    status >= 300 && status < 400
      ? `answered ${status}: it leads elsewhere, which is not followed`
      : `answered ${status}`;
  throw new SinkError('Refused', `Sink ${name} ${why}.`, { retryAfterMs: restOf(retryAfter) });
}

/** Retry-After in ms, of seconds (RFC 9110); an hour at most. */
function restOf(retryAfter: string | undefined): number {
  return /^\d{1,9}$/.test(retryAfter ?? '') ? Math.min(Number(retryAfter) * 1_000, LONGEST_REST_MS) : 0;
}

const systemLookup: Lookup = (host) => lookup(host, { all: true, verbatim: true });

/** All of them have to be such as the sink may have: a host with one that is not may lead there. */
async function addresses({ name, url, network }: Sink, look: Lookup) {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = isIP(host) === 0 ? await look(host) : [{ address: host, family: isIPv6(host) ? 6 : 4 }];
  if (found.length === 0 || !found.every(({ address }) => RULES[network](address)))
    throw new SinkError('Unreachable', `Sink ${name} has an address that is not ${network}, where nothing is sent.`);
  return found;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

function ended({ name }: Sink): SinkError {
  return new SinkError('Ended', `Sink ${name} was not told: the conductor is ending.`);
}

/** A word of the system, such as ECONNREFUSED; its sentences may name what is secret. */
function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{2,60}$/.test(code) ? code : 'no answer';
}
