import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Assignment } from '#lib/conductor';
import type { Task } from './conductor.ts';

const run = promisify(execFile);
/** Bytes of a command's output that are kept for the report. */
const TAIL = 2_000;

/** A clone of the task's repository through the conductor's gateway. The token is in git's environment, never in the clone. */
export class Clone {
  readonly folder: string;
  readonly #task: Task;
  readonly #assignment: Assignment;

  private constructor(folder: string, task: Task, assignment: Assignment) {
    this.folder = folder;
    this.#task = task;
    this.#assignment = assignment;
  }

  /** On the task's branch, where the attempt before left it or else at the base. */
  static async make(parent: string, task: Task, assignment: Assignment): Promise<Clone> {
    const { git } = assignment;
    const clone = new Clone(join(parent, 'work'), task, assignment);
    await clone.#remote(parent, 'clone', '-q', `${task.url}/git`, 'work');
    await clone.#git('checkout', '-q', '-B', git.branch, git.branchSHA ?? git.baseSHA);
    return clone;
  }

  /** Runs a command in the clone; answers whether it ended with 0, and the end of what it wrote. `signal` kills it. */
  async run(command: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd: this.folder, env: { ...process.env, ...env }, signal, stdio: 'pipe' });
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        process.stderr.write(text);
        tail = (tail + text).slice(-TAIL);
      });
    const [code] = (await once(child, 'close')) as [number | null];
    return { ok: code === 0, tail };
  }

  /** Commits what was left behind, pushes; answers the new tip, or null where nothing has changed. */
  async deliver(message: string): Promise<string | null> {
    const { git } = this.#assignment;
    await this.#git('add', '-A');
    if ((await this.#git('status', '--porcelain')) !== '') await this.#git('commit', '-q', '-m', message);
    const tip = await this.#git('rev-parse', 'HEAD');
    if (tip === (git.branchSHA ?? git.baseSHA)) return null;
    await this.#remote(this.folder, 'push', '-q', 'origin', `HEAD:refs/heads/${git.branch}`);
    return tip;
  }

  async #git(...args: string[]): Promise<string> {
    const { name } = this.#assignment.agent;
    const who = ['-c', `user.name=${name}`, '-c', `user.email=${name}@agents.invalid`];
    return (await run('git', [...who, ...args], { cwd: this.folder })).stdout.trim();
  }

  async #remote(cwd: string, ...args: string[]): Promise<void> {
    const header = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${this.#task.url}.extraHeader`,
      GIT_CONFIG_VALUE_0: this.#task.authorization,
      GIT_TERMINAL_PROMPT: '0',
    };
    await run('git', args, { cwd, env: { ...process.env, ...header } });
  }
}
