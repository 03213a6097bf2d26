import { mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Hono } from 'hono';
import { listen } from '#lib/http';
import { type Logger, silentLogger } from '#lib/observe';
import { adminApp } from './admin/index.ts';
import type { Context } from './context.ts';
import { Deployer, sitesApp } from './deployer/index.ts';
import { ForgeError } from './errors.ts';
import { GitRepository, Locks } from './git/index.ts';
import { graphqlApp } from './graphql/index.ts';
import { CI_APP, directoryOf, upsertApp } from './model/index.ts';
import { pagesApp } from './pages/index.ts';
import { GATE_PATH, PushGate } from './push-gate/index.ts';
import { recover } from './recover.ts';
import { Meter, rest } from './rest/index.ts';
import { Attester, type Isolation, Runner, type Signing } from './runner/index.ts';
import { smartHttp } from './smart-http.ts';
import { Store } from './store/index.ts';
import { Sender } from './webhooks/index.ts';

export interface ForgeOptions {
  /** Where `forge.db` and the bare repositories live; created if missing. One process at a time. */
  readonly dataDir: string;
  /** Opens `/_admin`; at least 16 characters. */
  readonly adminToken: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1; only loopback addresses are accepted. */
  readonly host?: string;
  readonly logger?: Logger;
  /** Test commands that run at once; default 1. */
  readonly ciConcurrency?: number;
  /** What is between test commands and this machine; without a word of it none is run. */
  readonly ciIsolation?: Isolation | undefined;
  /** Where the runner signs for heads whose tests passed; without it it signs for nothing. */
  readonly ciSigning?: Signing | undefined;
  /** Seconds before each repeat of a failed delivery; default none, as on GitHub. */
  readonly webhookRetrySeconds?: readonly number[];
  /** Now in milliseconds; default the system's clock. */
  readonly clock?: () => number;
}

export interface RunningForge {
  readonly url: string;
  readonly apiURL: string;
  readonly graphqlURL: string;
  readonly port: number;
  /** Stops taking requests, ends running tests and pushes, closes the store. Safe to call twice. */
  close(): Promise<void>;
}

const KEEP_ALIVE_MS = 65_000;
const UNTOLD: Isolation = {
  refused: 'The forge was started without a wall to run tests behind, and not told to do without.',
};

/**
 * Starts the loopback forge and repairs what a crash left. Throws ForgeError: BadOptions, DataDirInUse, DataDirTooNew; rejects with the
 * socket's error when the port is taken.
 */
export async function startForge(options: ForgeOptions): Promise<RunningForge> {
  const { host = '127.0.0.1', logger = silentLogger } = options;
  checkOptions(options, host);
  mkdirSync(join(options.dataDir, 'repositories'), { recursive: true, mode: 0o700 });
  const store = new Store(options.dataDir);
  // Links carry the address, which is known once it listens; until the rest is ready, requests wait for it.
  const ready = Promise.withResolvers<Hono>();
  const front = new Hono();
  front.all('*', async (c) => (await ready.promise).fetch(c.req.raw, c.env));
  const listening = await listen(front, { port: options.port ?? 0, host }).catch((error: unknown) => {
    store.close();
    throw error;
  });
  // Longer than any client keeps an idle connection: who closes first must not be this side, or a request meets a closed socket.
  if ('keepAliveTimeout' in listening.server) listening.server.keepAliveTimeout = KEEP_ALIVE_MS;
  const { ctx, sender, runner, deployer, attester } = assemble(options, store, listening.url, logger);
  store.transaction(() => {
    upsertApp(ctx, CI_APP);
  });
  try {
    await recover(ctx);
  } catch (error) {
    await listening.close(0);
    store.close();
    throw error;
  }
  ready.resolve(mount(ctx, options, attester));
  sender.wake();
  runner.start();
  deployer.wake();
  let closing: Promise<void> | undefined;
  const stop = async () => {
    deployer.stop();
    await Promise.all([listening.close(), runner.stop()]);
    await ctx.locks.idle();
    await sender.stop();
    store.close();
  };
  const close = () => (closing ??= stop());
  const { url, port } = listening;
  return { url, port, apiURL: `${url}/api/v3`, graphqlURL: `${url}/api/graphql`, close };
}

function assemble(options: ForgeOptions, store: Store, url: string, logger: Logger) {
  const root = join(options.dataDir, 'repositories');
  const ctx: Context = {
    store,
    logger,
    locks: new Locks(),
    clock: options.clock ?? Date.now,
    html: url,
    api: `${url}/api/v3`,
    git: (repository) => new GitRepository(join(root, directoryOf(repository))),
    wakeSender: () => sender.wake(),
    wakeRunner: () => runner.wake(),
    wakeDeployer: () => deployer.wake(),
  };
  const sender = new Sender(ctx, options.webhookRetrySeconds ?? []);
  const attester = options.ciSigning === undefined ? null : new Attester(ctx, options.ciSigning);
  const workDir = join(options.dataDir, 'ci');
  const { ciConcurrency: concurrency = 1, ciIsolation: isolation = UNTOLD } = options;
  const runner = new Runner(ctx, { workDir, concurrency, attester, isolation });
  const deployer = new Deployer(ctx);
  return { ctx, sender, runner, deployer, attester };
}

function mount(ctx: Context, options: ForgeOptions, attester: Attester | null): Hono {
  const app = new Hono();
  const meter = new Meter(ctx.store, ctx.clock);
  app.route('/_admin', adminApp(ctx, { adminToken: options.adminToken, meter, attester }));
  app.route('/api/v3', rest(ctx, meter));
  app.route('/api/graphql', graphqlApp(ctx, meter));
  app.route('/_sites', sitesApp(ctx));
  const gate = new PushGate(ctx, join(options.dataDir, 'hooks'));
  app.route(GATE_PATH, gate.app());
  app.route('/', smartHttp(ctx, gate) as unknown as Hono);
  app.route('/', pagesApp(ctx));
  return app;
}

function checkOptions({ adminToken }: ForgeOptions, host: string): void {
  if (host !== 'localhost' && host !== '::1' && !(isIP(host) === 4 && host.startsWith('127.'))) {
    throw new ForgeError('BadOptions', `The forge listens on loopback only; ${host} is no loopback address.`);
  }
  if (adminToken.length < 16) {
    throw new ForgeError('BadOptions', 'The admin token is too short; give one of at least 16 characters.');
  }
}
