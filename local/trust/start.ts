import { Hono } from 'hono';
import { listen } from '#lib/http';
import { trustApp } from './app.ts';
import { openKeys } from './keys.ts';
import { TransparencyLog } from './log.ts';
import { IdentityTokens, type Person } from './oidc/tokens.ts';
import { trustedRoot } from './root.ts';

/** What local trust is started with. */
export interface StartTrustOptions {
  readonly dataDir: string;
  /** Default a free one. */
  readonly port?: number;
  readonly person: Person;
  readonly signInCode: string;
  /** Where the person finds the sign-in code, as the pages say it. */
  readonly codeFile: string;
  readonly now?: () => Date;
}

/** Local trust that runs. */
export interface RunningTrust {
  /** Root of all its services, and the issuer of its tokens. */
  readonly url: string;
  /** Sigstore's trusted root, as JSON. */
  readonly root: object;
  close(): Promise<void>;
}

/** Serves the signing services of one machine on loopback. Throws {@link TrustError} `Unreadable` for a data directory that is damaged. */
export async function startTrust(options: StartTrustOptions): Promise<RunningTrust> {
  const { dataDir, person, signInCode, codeFile, now = () => new Date() } = options;
  const keys = await openKeys(dataDir, now);
  const log = new TransparencyLog(dataDir, keys.key.log, now);
  // Tokens name their issuer by its address, which is only known once it listens.
  let app: Hono | undefined;
  const front = new Hono().all('*', (context) => app?.fetch(context.req.raw) ?? context.body(null, 503));
  const server = await listen(front, { port: options.port ?? 0 });
  const issuer = server.url;
  const tokens = new IdentityTokens(issuer, keys.key.tokens, now);
  app = trustApp({ issuer, tokens, person, signInCode, codeFile, now, keys, log });
  return { url: issuer, root: trustedRoot(keys), close: () => server.close(1_000) };
}
