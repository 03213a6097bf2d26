import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apiVersion, type Issue, resources } from '#crds';
import { type EventView, followEvents, type ReaderOptions, readEvents } from '#lib/conductor';
import { type Layout, requireUp } from '#lib/datadir';
import { KubeClient, type KubeObject, loadKubeConfig, type Resource } from '#lib/kube';
import { until } from './cluster-wait.ts';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
/** A whole issue, from filing to merge, on a machine that has other things to do. */
const PATIENCE_MS = 240_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

/** What a person can do with a rig that is up: kubectl, `rig`, the forge in the browser, the log. */
export class Hands implements AsyncDisposable {
  readonly layout: Layout;
  readonly client: KubeClient;
  readonly namespace: string;
  readonly urls: { readonly conductor: string; readonly forge: string };
  readonly #reader: ReaderOptions;

  constructor(layout: Layout) {
    const { urls, tenant } = requireUp(layout);
    this.layout = layout;
    this.urls = urls as { conductor: string; forge: string };
    this.namespace = tenant.namespace;
    this.client = new KubeClient(loadKubeConfig({ path: layout.kubeconfig }), { fieldManager: 'person' });
    this.#reader = { url: this.urls.conductor, token: this.secret('reader-token'), namespace: this.namespace };
  }

  /** A `rig` command on this rig's data directory, to its end. */
  async rig(...args: string[]): Promise<Ran> {
    return ran(process.execPath, [CLI, ...args, '--data-dir', this.layout.root]);
  }

  /** kubectl in the tenant's namespace; `input` is its standard input. Throws, with what it said, when it fails. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const command = [CLI, 'kubectl', '--data-dir', this.layout.root, '-n', this.namespace, ...args];
    const { code, stdout, stderr } = await ran(process.execPath, command, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  secret(name: string): string {
    return readFileSync(join(this.layout.secrets, name), 'utf8');
  }

  /** A call of the forge's REST API, as the person at this machine unless another token is given. */
  forge<T>(method: string, path: string, body?: unknown, token = this.secret('forge-token-you')): Promise<Answered<T>> {
    return call<T>(`${this.urls.forge}/api/v3${path}`, token, method, body);
  }

  /** A call of the forge's admin API. Throws when it is refused. */
  async admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await call<T>(`${this.urls.forge}/_admin${path}`, this.secret('forge-admin-token'), method, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A call of the conductor API as a task, by `<task>/<route>`. */
  task<T>(method: string, path: string, token: string, body?: unknown): Promise<Answered<T>> {
    const url = `${this.urls.conductor}/v1/namespaces/${this.namespace}/tasks/${path}`;
    return call<T>(url, token, method, body);
  }

  /** Applies an Issue without a number, as `kubectl apply` would. */
  async createIssue(name: string, spec: Partial<Issue['spec']> & { repositoryRef: { name: string } }): Promise<void> {
    const object = { apiVersion, kind: 'Issue', metadata: { name, namespace: this.namespace }, spec };
    await this.client.create(resources.Issue as Resource<KubeObject>, object as KubeObject);
  }

  issue(name: string): Promise<Issue> {
    return this.client.get<Issue & KubeObject>(resources.Issue, { namespace: this.namespace, name });
  }

  /** Resolves to the Issue when `holds` does for it. */
  untilIssue(name: string, what: string, holds: (issue: Issue) => unknown, timeoutMs = PATIENCE_MS): Promise<Issue> {
    return until(
      `Issue ${name}: ${what}`,
      async () => {
        const issue = await this.issue(name);
        if (holds(issue)) return issue;
        throw new Error(`${issue.status?.phase}: ${issue.status?.why}`);
      },
      timeoutMs,
    );
  }

  untilPhase(name: string, phase: string, timeoutMs = PATIENCE_MS): Promise<Issue> {
    return this.untilIssue(name, phase, (issue) => issue.status?.phase === phase, timeoutMs);
  }

  /** The Issue's whole log. */
  async log(issue: string): Promise<EventView[]> {
    return (await readEvents({ ...this.#reader, issue })).events;
  }

  /** Resolves to the first event of the Issue, past or coming, that `wanted` takes. */
  async untilEvent(issue: string, wanted: (event: EventView) => boolean, timeoutMs = PATIENCE_MS): Promise<EventView> {
    const signal = AbortSignal.timeout(timeoutMs);
    for await (const event of followEvents({ ...this.#reader, issue }, { signal })) if (wanted(event)) return event;
    throw new Error(`Issue ${issue} had no such event within ${timeoutMs} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** Whether an event says that a task of this kind began. */
export function taskStarted(kind: string, attempt = 1): (event: EventView) => boolean {
  return ({ type, data }) => {
    const task = (data as { task?: string }).task ?? '';
    return type === 'WORK_STARTED' && new RegExp(`-${kind}-${attempt}-\\d+$`).test(task);
  };
}

async function ran(command: string, args: readonly string[], input?: string): Promise<Ran> {
  const started = run(command, args, { maxBuffer: 32 * 1024 * 1024 });
  started.child.stdin?.end(input);
  try {
    return { code: 0, ...(await started) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

async function call<T>(url: string, token: string, method: string, body: unknown): Promise<Answered<T>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}
