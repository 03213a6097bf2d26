import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinary } from '../../../hack/go/build.mjs';
import { until } from '../cluster-wait.ts';

/** A service that tells how it fares, in the text that Prometheus reads. */
export class TestExporter {
  readonly #server: Server;
  /** Lines that it tells from now on; null: it does not answer. */
  text: string | null = '';
  /** How often it was read since it told something else. */
  scrapes = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TestExporter> {
    const server = createServer((_request, response) => {
      if (exporter.text === null) return void response.writeHead(500).end();
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(exporter.text);
      exporter.scrapes += 1;
    }).listen(0, '127.0.0.1');
    const exporter = new TestExporter(server);
    await once(server, 'listening');
    return exporter;
  }

  get target(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A real Prometheus that reads one exporter twice a second. */
export interface TestPrometheus {
  readonly url: string;
  /** The only value of a query now; null where it has none. */
  value(query: string): Promise<number | null>;
}

/** Starts the machine's own Prometheus, or one that is built where it has none, and ends it with the test. */
export async function startPrometheus(
  t: { after(fn: () => unknown): void },
  exporter: TestExporter,
): Promise<TestPrometheus> {
  const binary = hasPrometheus()
    ? 'prometheus'
    : await ensureBinary('prometheus', { onProgress: (line) => console.error(line) });
  const dir = await mkdtemp(join(tmpdir(), 'rig-prometheus-'));
  const config = join(dir, 'prometheus.yml');
  await writeFile(config, JSON.stringify(configuration(exporter.target)));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  const child = spawn(binary, args, { cwd: dir, env: { PATH: process.env.PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await rm(dir, { recursive: true, force: true });
  });
  await ready(child, url);
  return { url, value: (query) => numberOf(url, query) };
}

/** Whether the machine has one: a package of its system, and minutes that no build takes. */
export function hasPrometheus(): boolean {
  return spawnSync('prometheus', ['--version']).status === 0;
}

function configuration(target: string): object {
  return {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
    scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: [target] }] }],
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4_000);
  });
  await until('Prometheus is ready', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
    return (await fetch(`${url}/-/ready`)).ok;
  });
}

async function numberOf(url: string, query: string): Promise<number | null> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as { data?: { result: { value: [number, string] }[] } };
  const text = data?.result[0]?.value[1];
  return text === undefined ? null : Number(text);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
