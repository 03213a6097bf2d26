import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { type AgentTask, type Issue, labels, resources } from '#crds';
import { ConductorError, readEvents } from '#lib/conductor';
import type { Layout, State } from '#lib/datadir';
import { isKubeError, type KubeClient, type KubeObject, type Resource } from '#lib/kube';
import { correlationOf } from '#lib/observe';
import { createTerminal, ExitCode, ExitError, type Terminal } from '#lib/terminal';
import { openCluster } from '../cluster.ts';
import { FileSource } from '../logs/file-source.ts';
import { inOrder, type LogLine, type LogSource, lineFor } from '../logs/line.ts';
import { PodSource } from '../logs/pod-source.ts';
import { parseSince } from '../logs/since.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

interface LogsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly task?: string;
  readonly since?: number;
  readonly all?: boolean;
  readonly namespace?: string;
}

const ISSUES: Resource<Issue> = resources.Issue;
const TASKS = resources.AgentTask as Resource<AgentTask & KubeObject>;
const ENDED = new Set(['Done', 'Failed', 'Cancelled']);
const POLL_MS = 1_000;
/** Programs whose lines belong to an issue. */
const PROGRAMS = ['operator', 'proxy', 'egress'];

export function addLogs(program: Command): void {
  withCommonOptions(program.command('logs'))
    .description('what the agents of an Issue wrote, task after task')
    .argument('<issue>', 'the Issue')
    .option('-f, --follow', 'go on with what is written, until the issue has ended or Ctrl-C')
    .option('--task <name>', 'only this task of it')
    .option('--since <duration>', 'only what is younger, e.g. 30s, 10m, 1h30m', parseSince)
    .option('--all', 'also what conductor, proxy and egress wrote about it (a rig on this machine)')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(showLogs);
}

async function showLogs(issue: string, options: LogsOptions): Promise<void> {
  const terminal = createTerminal(options);
  const layout = layoutOfOptions(options);
  const { client, state } = openCluster(layout);
  const namespace = options.namespace ?? state.tenant.namespace;
  try {
    const watched = new IssueLogs(client, { namespace, issue, task: options.task, sinceSeconds: options.since });
    const phase = await watched.look();
    if (options.all) for (const source of await programs(layout, state, watched, options.since)) watched.add(source);
    await (options.follow ? follow(watched, terminal) : once(watched, terminal, phase));
  } finally {
    await client.close();
  }
}

async function once(watched: IssueLogs, terminal: Terminal, phase: string): Promise<void> {
  show(await watched.read(), terminal);
  warn(watched, terminal, phase);
}

async function follow(watched: IssueLogs, terminal: Terminal): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  for (;;) {
    const phase = await watched.look();
    show(await watched.read(), terminal);
    if (interrupted.signal.aborted) throw new ExitError(ExitCode.Interrupted, '');
    if (ENDED.has(phase)) return warn(watched, terminal, phase);
    await delay(POLL_MS, undefined, { signal: interrupted.signal }).catch(() => {});
  }
}

/** Says why there is less to read than there was. */
function warn({ issue, tasks, withoutLog }: IssueLogs, terminal: Terminal, phase: string): void {
  for (const { name, podGone } of withoutLog)
    terminal.warn(
      podGone
        ? `rig: The pod of task ${name} is gone, and its log with it: rig events ${issue} tells what it did.`
        : `rig: Task ${name} has written nothing yet.`,
    );
  if (tasks.length === 0) terminal.warn(`rig: Issue ${issue} has had no task yet (${phase}).`);
}

function show(lines: readonly LogLine[], terminal: Terminal): void {
  for (const line of lines) terminal.result(line, lineFor(line, terminal.colours));
}

interface Wanted {
  readonly namespace: string;
  readonly issue: string;
  readonly task: string | undefined;
  readonly sinceSeconds: number | undefined;
}

/** The logs of an issue's tasks, as many as there are by now. */
class IssueLogs {
  readonly issue: string;
  readonly namespace: string;
  tasks: readonly AgentTask[] = [];
  readonly #client: KubeClient;
  readonly #wanted: Wanted;
  readonly #pods = new Map<string, PodSource>();
  readonly #heard = new Set<string>();
  readonly #others: LogSource[] = [];

  constructor(client: KubeClient, wanted: Wanted) {
    this.#client = client;
    this.#wanted = wanted;
    this.issue = wanted.issue;
    this.namespace = wanted.namespace;
  }

  add(source: LogSource): void {
    this.#others.push(source);
  }

  /** Finds tasks and pods that are new, and answers the issue's phase. Throws ExitError for an issue or a task that is not there. */
  async look(): Promise<string> {
    const { namespace, issue, task: only, sinceSeconds } = this.#wanted;
    const { status } = await this.#issue();
    const { items } = await this.#client.list(TASKS, { namespace, labelSelector: `${labels.issue}=${issue}` });
    const tasks = items.toSorted((a, b) => (a.status?.startedAt ?? '~').localeCompare(b.status?.startedAt ?? '~'));
    this.tasks = only === undefined ? tasks : tasks.filter(({ metadata }) => metadata.name === only);
    if (only !== undefined && this.tasks.length === 0) throw this.#noTask(only, tasks);
    for (const { metadata, status } of this.tasks) {
      const task = metadata.name!;
      if (status?.pod === undefined || this.#pods.has(task)) continue;
      this.#pods.set(task, new PodSource(this.#client, { namespace, name: status.pod.name }, { task, sinceSeconds }));
    }
    return status?.phase ?? 'Pending';
  }

  /** What is new of everything, in the order in which it was written. */
  async read(): Promise<LogLine[]> {
    const sources = [...this.#pods.values(), ...this.#others];
    const lines = await Promise.all(sources.map((source) => source.read()));
    for (const [at, task] of [...this.#pods.keys()].entries()) if ((lines[at] ?? []).length > 0) this.#heard.add(task);
    return inOrder(lines.flat());
  }

  /** Tasks that were given a pod and of which nothing could be read, where everything was asked for. */
  get withoutLog(): { name: string; podGone: boolean }[] {
    if (this.#wanted.sinceSeconds !== undefined) return [];
    const silent = [...this.#pods].filter(([name]) => !this.#heard.has(name));
    return silent.map(([name, { gone }]) => ({ name, podGone: gone }));
  }

  async #issue(): Promise<Issue> {
    const { namespace, issue } = this.#wanted;
    return this.#client.get(ISSUES, { namespace, name: issue }).catch((error: unknown) => {
      if (!isKubeError(error, 'NotFound')) throw error;
      throw new ExitError(
        ExitCode.NotDone,
        `There is no Issue ${issue} in ${namespace}: rig kubectl get issues -A lists them.`,
        { cause: error },
      );
    });
  }

  #noTask(task: string, tasks: readonly AgentTask[]): ExitError {
    const names = tasks.map(({ metadata }) => metadata.name).join(', ');
    return new ExitError(
      ExitCode.NotDone,
      `Issue ${this.issue} has no task ${task}; ${names === '' ? 'it has none yet' : `its tasks are ${names}`}.`,
    );
  }
}

/** The programs' log files of a rig on this machine, as far as they speak of the issue. */
async function programs(
  layout: Layout,
  { urls }: State,
  { namespace, issue }: IssueLogs,
  sinceSeconds: number | undefined,
): Promise<LogSource[]> {
  const correlationId = await correlationIdOf(layout, urls.conductor, namespace, issue);
  if (correlationId === undefined) return [];
  const notBefore = sinceSeconds === undefined ? 0 : Date.now() - sinceSeconds * 1_000;
  return PROGRAMS.map((program) => new FileSource(join(layout.logs, `${program}.log`), correlationId, notBefore));
}

async function correlationIdOf(
  layout: Layout,
  url: string | undefined,
  namespace: string,
  issue: string,
): Promise<string | undefined> {
  if (url === undefined)
    throw new ExitError(ExitCode.Environment, 'The rig is still starting: ask again when its operator is up.');
  const token = readFileSync(`${layout.secrets}/reader-token`, 'utf8');
  try {
    const { events } = await readEvents({ url, token, namespace, issue });
    return correlationOf(events[0]?.stream);
  } catch (error) {
    if (!(error instanceof ConductorError)) throw error;
    // Not yet in the log: there is nothing to correlate.
    if (error.code === 'NotFound') return undefined;
    throw new ExitError(ExitCode.Environment, error.message, { cause: error });
  }
}
