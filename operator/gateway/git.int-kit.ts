import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Listening, listen } from '#lib/http';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { type TestApi, type TestTask, testApi } from '../api/task.int-kit.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** git as an agent runs it: against the gateway, with the task's token in the environment. */
export class AgentGit {
  readonly #api: TestApi;
  readonly #listening: Listening;

  constructor(api: TestApi, listening: Listening) {
    this.#api = api;
    this.#listening = listening;
  }

  static async start(t: { after(fn: () => unknown): void }, api: TestApi): Promise<AgentGit> {
    const listening = await listen(api.app);
    t.after(() => listening.close(0));
    return new AgentGit(api, listening);
  }

  remote(task: TestTask): string {
    return `${this.#listening.url}${task.path}/git`;
  }

  /** A directory of the test's own. */
  at(name: string): string {
    return join(this.#api.rig.dir, name);
  }

  /** Runs git in a clone (or '' for the parent of all); never rejects. */
  async run(clone: string, task: TestTask | null, ...args: string[]): Promise<Ran> {
    const who = { NAME: 'dev-e', EMAIL: 'dev-e@example.com' };
    const env = {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: who.NAME,
      GIT_AUTHOR_EMAIL: who.EMAIL,
      GIT_COMMITTER_NAME: who.NAME,
      GIT_COMMITTER_EMAIL: who.EMAIL,
      ...(task === null
        ? {}
        : {
            GIT_CONFIG_COUNT: '1',
            GIT_CONFIG_KEY_0: 'http.extraHeader',
            GIT_CONFIG_VALUE_0: `Authorization: Bearer ${task.token}`,
          }),
    };
    return new Promise((resolve) => {
      execFile('git', args, { cwd: this.at(clone), env, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout: stdout.trim(), stderr });
      });
    });
  }

  /** As {@link run}, for what must succeed; answers standard output. */
  async ok(clone: string, task: TestTask | null, ...args: string[]): Promise<string> {
    const ran = await this.run(clone, task, ...args);
    if (ran.code !== 0) throw new Error(`git ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`);
    return ran.stdout;
  }

  /** A clone through the gateway, on a new local branch named as the task's. */
  async clone(task: TestTask, name: string, ...options: string[]): Promise<string> {
    await this.ok('', task, 'clone', '-q', ...options, this.remote(task), name);
    await this.ok(name, task, 'checkout', '-q', '-B', task.branch);
    return name;
  }

  /** Writes one file, commits it, answers the commit. */
  async commit(clone: string, path: string, content: string | Buffer, message = `change ${path}`): Promise<string> {
    const file = join(this.at(clone), path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await this.ok(clone, null, 'add', '-A');
    await this.ok(clone, null, 'commit', '-q', '-m', message);
    return this.ok(clone, null, 'rev-parse', 'HEAD');
  }

  push(task: TestTask, clone: string, refspec = `HEAD:refs/heads/${task.branch}`, ...options: string[]): Promise<Ran> {
    return this.run(clone, task, 'push', ...options, this.remote(task), ...refspec.split(' '));
  }
}

/** A conductor for the tests of a file, whose tenant is ready: its API, and git as an agent runs it. */
export async function gatewayForFile(
  options?: Parameters<typeof testConductor>[1],
  logger?: Parameters<typeof testApi>[1],
): Promise<{ rig: TestConductor; api: TestApi; git: AgentGit }> {
  const rig = await testConductor(fileLife, options);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  const api = await testApi(rig, logger);
  return { rig, api, git: await AgentGit.start(fileLife, api) };
}
