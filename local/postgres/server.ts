import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdPort } from '#lib/http';
import { type Logger, silentLogger } from '#lib/observe';
import { pickAccount } from './account.ts';
import { locateBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { ADMIN_ROLE, formatURL, openCredentials } from './credentials.ts';
import { PostgresError } from './errors.ts';
import { postmasterPid, postmasterStatus, stopProcess, takeOwnership } from './owner.ts';
import { ensureRole } from './roles.ts';

const READY_POLL_MS = 10;
const START_ATTEMPTS = 20;

export interface PostgresOptions {
  /** Holds cluster, credentials and owner mark; made when missing. */
  readonly dataDir: string;
  /** A fixed TCP port on 127.0.0.1; without it a free one is taken at every start. */
  readonly port?: number;
  readonly logger?: Logger;
  /** Server settings on top of the defaults, as `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  readonly port: number;
  readonly pid: number;
  /** The superuser's connection URL, to database `postgres`. */
  readonly adminURL: string;
  /** The file with the passwords of all roles, mode 0600. */
  readonly credentials: string;
  /** A connection URL for a role and database, both made when missing. Safe to call again: the password stays. */
  url(role: string, database: string): Promise<string>;
  /** Resolves with a sentence when the server ends by itself; never after `stop`. */
  readonly died: Promise<string>;
  /** Lets this process end while the server runs. */
  unref(): void;
  /** A fast shutdown (sessions are cut, data is flushed). Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL 18 on a durable data directory, listening on 127.0.0.1 alone, every login by password (scram-sha-256),
 * fsync on. Works again on the same directory after any end of server or owner. Throws {@link PostgresError}: `PortInUse`,
 * `InUse`, `WrongVersion`, `Unsupported`, `AccountMissing`, `Unreachable`, `InitFailed`, `StartFailed`.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  const logger = options.logger ?? silentLogger;
  const cluster = join(dataDir, 'cluster');
  await mkdir(dataDir, { recursive: true });
  // The server's account must pass through to its cluster; everything else in here has mode 0600.
  await chmod(dataDir, 0o711);
  const release = await takeOwnership(dataDir, cluster, logger);
  try {
    const binaries = await locateBinaries();
    const account = await pickAccount([cluster, binaries.postgres]);
    const credentials = await openCredentials(dataDir);
    const password = await credentials.password(ADMIN_ROLE);
    await ensureCluster(cluster, binaries, account, password);
    const launch = (port: number) =>
      account.launch(binaries.postgres, serverArguments(cluster, port, options.settings));
    const { child, port } = await startServer(launch, cluster, options.port, logger);
    const adminURL = formatURL({ role: ADMIN_ROLE, password, port, database: 'postgres' });
    const url = async (role: string, database: string): Promise<string> => {
      const secret = await credentials.password(role);
      await ensureRole(adminURL, role, secret, database);
      return formatURL({ role, password: secret, port, database });
    };
    return { port, pid: child.pid!, adminURL, credentials: credentials.file, url, ...lifetime(child, release) };
  } catch (error) {
    await release();
    throw error;
  }
}

function serverArguments(cluster: string, port: number, extra: Readonly<Record<string, string>> = {}): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '64MB',
    max_wal_size: '512MB',
    lc_messages: 'C',
    log_line_prefix: '',
    ...extra,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', cluster, '-p', String(port), ...flags];
}

function lifetime(child: ChildProcess, release: () => Promise<void>): Pick<RunningPostgres, 'died' | 'unref' | 'stop'> {
  let stopping: Promise<void> | undefined;
  const died = new Promise<string>((tell) => {
    child.once('exit', (code, signal) => {
      if (stopping === undefined) tell(`PostgreSQL ended by itself (${signal ?? `exit code ${code}`}).`);
    });
  });
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) await stopProcess(child.pid!, 'SIGINT', 15_000);
    await release();
  };
  return {
    died,
    unref: () => {
      child.unref();
      (child.stderr as Socket | null)?.unref();
    },
    stop: () => {
      stopping ??= end();
      return stopping;
    },
  };
}

type Launch = (port: number) => ReturnType<Awaited<ReturnType<typeof pickAccount>>['launch']>;

/**
 * Without a fixed port, a free port may be taken by another before the server binds it: another one is tried. Processes of a
 * server that was killed hold its shared memory for a moment: the start is repeated.
 */
async function startServer(
  launch: Launch,
  cluster: string,
  fixed: number | undefined,
  logger: Logger,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = fixed ?? (await freePort());
    const result = await startOnce(launch(port), cluster, logger);
    if (typeof result !== 'string') return { child: result, port };
    const taken = result.includes('Address already in use');
    const retry = taken ? fixed === undefined : /shared memory block|lock file .* already exists/.test(result);
    if (retry && attempt < START_ATTEMPTS) {
      await sleep(100);
      continue;
    }
    if (taken)
      throw new PostgresError(
        'PortInUse',
        `Port ${port} on 127.0.0.1 is in use by another program: free it, or choose another port for PostgreSQL.`,
      );
    throw new PostgresError('StartFailed', `PostgreSQL did not start: ${result}`);
  }
}

/** The child once it accepts connections, or what it said before it gave up. */
async function startOnce(command: ReturnType<Launch>, cluster: string, logger: Logger): Promise<ChildProcess | string> {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  const child = spawn(command.file, command.args, {
    ...command.options,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const said: string[] = [];
  let ready = false;
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (!ready) said.push(line);
    logger.debug({ line }, 'postgres');
  });
  const ended = once(child, 'exit').then(
    () => true,
    (error: Error) => said.push(error.message) > 0,
  );
  while ((await postmasterPid(cluster)) !== child.pid || (await postmasterStatus(cluster)) !== 'ready') {
    const over = await Promise.race([ended, sleep(READY_POLL_MS, false)]);
    if (over)
      return said.filter((line) => /FATAL|HINT|could not/.test(line)).join(' ') || said.join(' ') || 'it said nothing';
  }
  ready = true;
  return child;
}

async function freePort(): Promise<number> {
  const held = await holdPort(0);
  await held?.release();
  return held?.port ?? 0;
}
