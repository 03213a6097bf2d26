import { Octokit } from '@octokit/core';
import { paginateRest } from '@octokit/plugin-paginate-rest';
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import Bottleneck from 'bottleneck';
import { type AppCredential, appTokens } from './app.ts';
import { Budget } from './budget.ts';
import { ForgeError } from './error.ts';
import { translate } from './translate.ts';
import { type Answer, resourceOf, transport } from './transport.ts';

const Reader = Octokit.plugin(restEndpointMethods, paginateRest, retry, throttling);
/** Without the retry plugin: whether a write is repeated is the caller's decision, never the library's. */
const Writer = Octokit.plugin(restEndpointMethods, throttling);

/** A read that would have to wait longer for the rate limit is refused instead, so that its caller can do other work. */
const PATIENT_SECONDS = 2;
const NOT_RETRIED = [400, 401, 403, 404, 405, 409, 410, 422, 429, 451, 501];

export interface ForgeOptions {
  /** REST root: `https://api.github.com`, or `https://HOST/api/v3` (GraphQL is then at `https://HOST/api/graphql`). */
  readonly baseURL: string;
  /** The identity's token, or a function that answers the current one (rotation); asked before every request. */
  readonly token?: string | (() => string | Promise<string>);
  /** Instead of a token: an App's installation, whose tokens are made, kept and renewed here. */
  readonly app?: AppCredential;
  /** What this identity may still ask; share one among all clients of an identity. Default one of its own. */
  readonly budget?: Budget;
  /** Root of smart-HTTP git; default `https://github.com` for GitHub's API, else the origin of `baseURL`. */
  readonly gitURL?: string;
  /** Milliseconds for one attempt of one request; default 15,000. */
  readonly timeoutMs?: number;
  /** Largest answer in bytes; default 16 MiB. */
  readonly maxAnswerBytes?: number;
  /**
   * Milliseconds between two writes of one identity; default 1,000, three times that for writes that notify people, which is
   * what GitHub asks of its clients. 0 for a forge that has no such limit.
   */
  readonly writeIntervalMs?: number;
  /** Times a read is tried again after a failure that may pass; default 2. */
  readonly retries?: number;
  /** Milliseconds before the first repeat, four times that before the second; default 250. */
  readonly retryDelayMs?: number;
  /** Told of every answer that came from the forge, repeats and redirects included: for metrics. Must not throw. */
  readonly onAnswer?: (answer: Answer) => void;
  readonly fetch?: typeof fetch;
}

export interface Client {
  readonly origin: string;
  readonly token: () => Promise<string>;
  /** The slug of the App that this identity is an installation of; undefined for a token's account. */
  readonly appSlug?: () => Promise<string>;
  /** Whether the installation may write contents; undefined for a token's account. */
  readonly appMayPush?: () => Promise<boolean>;
  /** Runs a read; its failure becomes a ForgeError with outcome `definite`. */
  read<T>(run: (octokit: InstanceType<typeof Reader>) => Promise<T>): Promise<T>;
  /** Runs one write, once; its failure becomes a ForgeError that knows whether the forge may have acted. */
  write<T>(run: (octokit: InstanceType<typeof Writer>) => Promise<T>): Promise<T>;
}

/** The two octokit clients of one identity at one forge. Throws Validation for a `baseURL` that is none. */
export function createClient(options: ForgeOptions): Client {
  const base = URL.parse(options.baseURL);
  if (base === null || !/^https?:$/.test(base.protocol) || base.username !== '' || base.search !== '')
    throw new ForgeError('Validation', 'The forge API URL must be an http(s) URL without credentials or query.');
  const budget = options.budget ?? new Budget();
  const { token, explain, appSlug, appMayPush } = credentialOf(options, base);
  const reader = new Reader({
    ...sharedOptions(options, base, 'read', budget),
    throttle: pacing(options, 0, true),
    retry: { doNotRetry: NOT_RETRIED, retries: options.retries ?? 2, retryAfterBaseValue: options.retryDelayMs ?? 250 },
  });
  const writer = new Writer({
    ...sharedOptions(options, base, 'write', budget),
    throttle: pacing(options, options.writeIntervalMs ?? 1000, false),
  });
  // Hooked in last, these come first: a request that may not be sent now is neither queued nor tried again.
  authorise(reader, token, (url) => budget.check('read', url));
  authorise(writer, token, (url) => budget.check('write', url));
  const guard = async <T>(kind: 'read' | 'write', run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      const failure = translate(error, kind, await token().catch(() => ''));
      throw (await explain(failure)) ?? failure;
    }
  };
  return {
    origin: base.origin,
    token,
    ...(appSlug && { appSlug }),
    ...(appMayPush && { appMayPush }),
    read: (run) => guard('read', () => run(reader)),
    write: (run) => guard('write', () => run(writer)),
  };
}

/**
 * A token as it is given, or an App's tokens. `explain` says why the forge no longer takes the present one, where asking for another tells;
 * it answers null where the failure speaks for itself.
 */
function credentialOf(options: ForgeOptions, base: URL) {
  const { app, token = '' } = options;
  if (app === undefined) {
    return {
      token: async () => (typeof token === 'string' ? token : await token()),
      explain: async () => null,
      appSlug: undefined,
      appMayPush: undefined,
    };
  }
  // What an App asks in its own name counts against a limit of its own.
  const tokens = appTokens(app, new Octokit(sharedOptions(options, base, 'write', new Budget())));
  const explain = async (failure: ForgeError): Promise<ForgeError | null> => {
    if (failure.code !== 'Unauthorized' && !/installation has been suspended/i.test(failure.message)) return null;
    tokens.forget();
    return tokens.token().then(
      () => null,
      (error: unknown) => (error instanceof ForgeError ? error : null),
    );
  };
  return { token: tokens.token, explain, appSlug: tokens.slug, appMayPush: tokens.mayPush };
}

/** What every client of one identity sends by: to its own forge alone, within its limits. */
export function sharedOptions(
  options: Pick<ForgeOptions, 'timeoutMs' | 'maxAnswerBytes' | 'fetch' | 'onAnswer'>,
  base: URL,
  kind: 'read' | 'write',
  budget: Budget,
) {
  const silent = () => undefined;
  return {
    baseUrl: base.href.replace(/\/+$/, ''),
    userAgent: 'rig',
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: {
      fetch: transport({
        origin: base.origin,
        timeoutMs: options.timeoutMs ?? 15_000,
        maxBytes: options.maxAnswerBytes ?? 16 * 1024 * 1024,
        fetch: options.fetch ?? fetch,
        onAnswer: options.onAnswer,
        kind,
        budget,
      }),
    },
  };
}

/**
 * Own limiters for each client: the plugin's default ones are shared by the whole process and would let one identity wait for
 * another. A GraphQL query is a POST but changes nothing, so the reader's are not paced.
 */
function pacing(options: ForgeOptions, intervalMs: number, patient: boolean) {
  const group = (limits: Bottleneck.ConstructorOptions) => new Bottleneck.Group({ timeout: 120_000, ...limits });
  const paced = { maxConcurrent: patient ? 10 : 1 };
  const wait = (seconds: number, _request: unknown, _octokit: unknown, tries: number) =>
    patient && tries < 1 && seconds <= PATIENT_SECONDS;
  return {
    id: options.baseURL,
    global: group({ maxConcurrent: 10 }),
    auth: group({ maxConcurrent: 1 }),
    search: group({ maxConcurrent: 1, minTime: patient ? 2000 : 0 }),
    write: group({ ...paced, minTime: intervalMs }),
    notifications: group({ ...paced, minTime: intervalMs * 3 }),
    onRateLimit: wait,
    onSecondaryRateLimit: wait,
  };
}

function authorise(octokit: Octokit, token: () => Promise<string>, check: (resource: string) => void): void {
  octokit.hook.before('request', async (request) => {
    const resource = resourceOf(new URL(request.url.split('{')[0] ?? '', 'http://forge/'));
    if (resource !== null) check(resource);
    request.headers.authorization = `token ${await token()}`;
  });
}
