import { Hono } from 'hono';
import { listen } from '#lib/http';
import { trustApp } from './app.ts';
import { CI_PATH } from './ci/routes.ts';
import { WorkloadTokens } from './ci/tokens.ts';
import { TrustError } from './error.ts';
import { newKey, openKeys } from './keys.ts';
import { TransparencyLog } from './log.ts';
import { IdentityTokens, type Person } from './oidc/tokens.ts';
import { trustedRoot } from './root.ts';

const LEAST_SECRET = 16;

/** What local trust is started with. */
export interface StartTrustOptions {
  readonly dataDir: string;
  /** Default a free one. */
  readonly port?: number;
  readonly person: Person;
  readonly signInCode: string;
  /** Where the person finds the sign-in code, as the pages say it. */
  readonly codeFile: string;
  /** What the forge's runner shows to be vouched for as a workload, at least 16 characters; without it no workload is. */
  readonly ciSecret?: string | undefined;
  readonly now?: () => Date;
}

/** Local trust that runs. */
export interface RunningTrust {
  /** Root of all its services, and the issuer of its tokens. */
  readonly url: string;
  /** Issuer of the tokens of workloads: another one than that of people. */
  readonly ciIssuer: string;
  /** Sigstore's trusted root, as JSON. */
  readonly root: object;
  close(): Promise<void>;
}

/**
 * Serves the signing services of one machine on loopback. Throws {@link TrustError} `Unreadable` for a data directory that is damaged, `BadRequest` for a
 * secret of the runner that can be guessed.
 */
export async function startTrust(options: StartTrustOptions): Promise<RunningTrust> {
  const { dataDir, person, signInCode, codeFile, ciSecret, now = () => new Date() } = options;
  if (ciSecret !== undefined && ciSecret.length < LEAST_SECRET)
    throw new TrustError('BadRequest', `The secret of the runner is shorter than ${LEAST_SECRET} characters.`);
  const keys = await openKeys(dataDir, now);
  const log = new TransparencyLog(dataDir, keys.key.log, { now, authority: keys.key.authority.publicKey });
  // Tokens name their issuer by its address, which is only known once it listens.
  let app: Hono | undefined;
  const front = new Hono().all('*', (context) => app?.fetch(context.req.raw) ?? context.body(null, 503));
  const server = await listen(front, { port: options.port ?? 0 });
  const issuer = server.url;
  const tokens = new IdentityTokens(issuer, keys.key.tokens, now);
  const ciIssuer = `${issuer}${CI_PATH}`;
  // Its tokens are used within minutes, and by nobody who keeps them: the key need not outlive this process.
  const workloads =
    ciSecret === undefined ? null : { secret: ciSecret, tokens: new WorkloadTokens(ciIssuer, newKey(), now) };
  app = trustApp({ issuer, tokens, person, signInCode, codeFile, now, keys, log, workloads });
  return { url: issuer, ciIssuer, root: trustedRoot(keys), close: () => server.close(1_000) };
}
