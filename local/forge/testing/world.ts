import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gitEnvironment } from '../git/index.ts';
import { type ForgeOptions, type RunningForge, startForge } from '../index.ts';
import { Listener, SECRET } from './listener.ts';
import { assertRestAnswer } from './validate.ts';

const run = promisify(execFile);
const ADMIN_TOKEN = 'admin-token-of-the-tests';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers of sixty shapes
  readonly body: any;
}

/** A running forge with a repository `acme/widgets` (one commit on main), developer, reviewer and outsider, and a webhook listener. */
export class World {
  readonly dir: string;
  readonly listener = new Listener();
  readonly tokens = new Map<string, string>();
  /** Operations that were answered with success, in GitHub's shape. */
  readonly succeeded = new Set<string>();
  forge!: RunningForge;
  #options: Partial<ForgeOptions> = {};
  #hookURL = '';

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async start(options: Partial<ForgeOptions> & { ci?: Record<string, unknown> } = {}): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'rig-forge-')));
    const { ci, ...forgeOptions } = options;
    world.#options = forgeOptions;
    await world.open();
    world.#hookURL = await world.listener.start();
    world.listener.pending = async () => {
      const { body } = await world.admin('GET', '/deliveries');
      return body.filter((delivery: { pendingHookId: number | null }) => delivery.pendingHookId !== null).length;
    };
    await world.#populate(ci);
    return world;
  }

  /** Starts the forge over the data it has, at the address it had. */
  async open(): Promise<void> {
    const port = this.forge?.port ?? 0;
    const dataDir = join(this.dir, 'data');
    this.forge = await startForge({ dataDir, adminToken: ADMIN_TOKEN, port, ciIsolation: 'none', ...this.#options });
  }

  async close(): Promise<void> {
    await this.forge.close();
    this.listener.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  async #populate(ci: Record<string, unknown> | undefined): Promise<void> {
    for (const login of ['dev', 'reviewer', 'boss', 'outsider']) {
      const { body } = await this.admin('POST', '/users', { login, email: `${login}@example.com` });
      this.tokens.set(login, body.token);
    }
    const { body: app } = await this.admin('POST', '/apps', { slug: 'checker' });
    this.tokens.set('checker', app.token);
    await this.git(this.dir, 'init', '-q', '-b', 'main', 'seed');
    await this.commit('seed', 'a.txt', 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n', 'first');
    await this.admin('POST', '/repositories', {
      owner: 'acme',
      name: 'widgets',
      private: true,
      source: { path: join(this.dir, 'seed') },
      collaborators: { dev: 'write', reviewer: 'write', boss: 'admin', 'checker[bot]': 'write' },
      ...(ci === undefined ? {} : { ci }),
    });
    const config = { url: this.#hookURL, content_type: 'json', secret: SECRET };
    await this.rest('boss', 'POST /repos/acme/widgets/hooks', { name: 'web', events: ['*'], config });
    await this.listener.next('ping');
    await this.git(this.dir, 'clone', '-q', this.remote('dev'), 'work');
  }

  remote(login: string): string {
    return `${this.forge.url.replace('://', `://${login}:${this.tokens.get(login)}@`)}/acme/widgets.git`;
  }

  async git(cwd: string, ...args: string[]): Promise<string> {
    const author = { GIT_AUTHOR_NAME: 'dev', GIT_AUTHOR_EMAIL: 'dev@example.com' };
    const committer = { GIT_COMMITTER_NAME: 'dev', GIT_COMMITTER_EMAIL: 'dev@example.com' };
    const env = gitEnvironment({ ...author, ...committer });
    return (await run('git', args, { cwd: join(this.dir, cwd === this.dir ? '' : cwd), env })).stdout.trim();
  }

  /** Writes one file, commits it and returns the commit. */
  async commit(clone: string, path: string, content: string, message: string): Promise<string> {
    const file = join(this.dir, clone, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await this.git(clone, 'add', '-A');
    await this.git(clone, 'commit', '-q', '-m', message);
    return this.git(clone, 'rev-parse', 'HEAD');
  }

  /** A branch with one commit over main, pushed by dev. */
  async branch(name: string, content: string, message = `work on ${name}`): Promise<string> {
    await this.git('work', 'checkout', '-q', '-B', name, 'origin/main');
    const sha = await this.commit('work', 'a.txt', content, message);
    await this.git('work', 'push', '-q', this.remote('dev'), name);
    return sha;
  }

  async pull(head: string, fields: Record<string, unknown> = {}): Promise<Answer['body']> {
    const body = { title: `Change ${head}`, head, base: 'main', ...fields };
    return (await this.rest('dev', 'POST /repos/acme/widgets/pulls', body, 201)).body;
  }

  /** One REST request; the answer's status is `expected` (default: any success) and its shape GitHub's. */
  async rest(login: string, operation: string, body?: unknown, expected?: number, headers = {}): Promise<Answer> {
    const [method = '', path = ''] = operation.split(' ');
    const token = this.tokens.get(login) ?? login;
    const auth: Record<string, string> = token === '' ? {} : { authorization: `token ${token}` };
    const answer = await send(`${this.forge.apiURL}${path}`, method, body, { ...auth, ...headers });
    const said = `${operation} answered ${answer.status}: ${JSON.stringify(answer.body)?.slice(0, 600)}`;
    if (expected === undefined) assert.ok(answer.status < 300, said);
    else assert.equal(answer.status, expected, said);
    if (answer.status === 304) return answer;
    const name = assertRestAnswer(method, path.split('?')[0]!, answer.status, answer.body);
    if (answer.status < 300) this.succeeded.add(name);
    return answer;
  }

  async graphql(login: string, query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
    const headers = { authorization: `bearer ${this.tokens.get(login)}` };
    return send(this.forge.graphqlURL, 'POST', { query, variables }, headers);
  }

  async admin(method: string, path: string, body?: unknown, token = ADMIN_TOKEN): Promise<Answer> {
    return send(`${this.forge.url}/_admin${path}`, method, body, { authorization: `Bearer ${token}` });
  }
}

async function send(url: string, method: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(url, { method, body: text, headers });
  const raw = await response.text();
  const json = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    body: raw === '' ? undefined : json ? JSON.parse(raw) : raw,
  };
}
