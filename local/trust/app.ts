import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { decodeJwt } from 'jose';
import { issueCertificate, type Vouched } from './authority.ts';
import { CI_PATH, type Workloads, workloadRoutes } from './ci/routes.ts';
import { TrustError } from './error.ts';
import type { Keys } from './keys.ts';
import type { TransparencyLog } from './log.ts';
import { type ProviderOptions, providerRoutes } from './oidc/routes.ts';
import { signingConfig, trustedRoot } from './root.ts';
import { readDERRequest, readJSONRequest, timestamp } from './timestamps.ts';

const MAX_BODY_BYTES = 2 * 1_024 * 1_024;

/** What signs and what it signs with. */
export interface TrustOptions extends ProviderOptions {
  readonly keys: Keys;
  readonly log: TransparencyLog;
  /** Null where no workload is vouched for. */
  readonly workloads: Workloads | null;
}

/** Identity provider, certificate authority, transparency log and timestamp authority, under the paths of the public ones. */
export function trustApp(options: TrustOptions): Hono {
  const { keys, log, now, workloads } = options;
  const app = new Hono();
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES }));
  app.onError((error, context) => {
    const message =
      error instanceof TrustError || error instanceof SyntaxError ? error.message : 'It could not be done.';
    const refused = error instanceof TrustError || error instanceof SyntaxError;
    const code = refused ? (error instanceof TrustError && error.code === 'BadToken' ? 401 : 400) : 500;
    return context.json({ code, message }, code);
  });
  app.get('/healthz', (context) => context.json({ ok: true }));
  app.get('/trusted_root.json', (context) => context.json(trustedRoot(keys)));
  app.get('/signing_config.json', (context) => context.json(signingConfig(options.issuer, keys)));
  app.post('/api/v2/signingCert', async (context) => {
    const check = (token: string) => vouchedFor(token, options);
    const bearer = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const certificates = await issueCertificate(await context.req.json(), { keys, check, now, bearer });
    return context.json({ signedCertificateEmbeddedSct: { chain: { certificates } } });
  });
  app.post('/api/v1/log/entries', async (context) => {
    const entry = log.add(await context.req.json());
    const [id = ''] = Object.keys(entry);
    return context.json(entry, 201, { ETag: id, Location: `${options.issuer}/api/v1/log/entries/${id}` });
  });
  app.get('/api/v1/log/publicKey', (context) =>
    context.text(keys.key.log.publicKey.export({ format: 'pem', type: 'spki' }).toString()),
  );
  app.post('/api/v1/timestamp', async (context) => {
    const asJSON = context.req.header('content-type')?.startsWith('application/json') ?? false;
    const request = asJSON
      ? readJSONRequest(await context.req.json())
      : readDERRequest(Buffer.from(await context.req.arrayBuffer()));
    const answer = timestamp(request, { keys, at: now() });
    return context.body(new Uint8Array(answer), 201, { 'Content-Type': 'application/timestamp-reply' });
  });
  if (workloads !== null) app.route(CI_PATH, workloadRoutes(workloads));
  app.route('/', providerRoutes(options));
  return app;
}

/** Each issuer checks its own tokens: what one of them says makes nobody a name of the other's. Throws {@link TrustError} `BadToken`. */
function vouchedFor(
  token: string,
  { tokens, workloads }: Pick<TrustOptions, 'tokens' | 'workloads'>,
): Promise<Vouched> {
  const ofWorkload = workloads !== null && issuerOf(token) === workloads.tokens.issuer;
  return ofWorkload ? workloads.tokens.check(token) : tokens.check(token);
}

/** Who a token says it is by, which is not verified. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
