import { ExitCode, ExitError, plain } from '#lib/terminal';

export interface PersonAtForgeOptions {
  /** Where the forge of this machine's rig answers. */
  readonly url: string;
  /** A credential of the person's own account. */
  readonly token: string;
  /** `owner/name` of the repository. */
  readonly repository: string;
  readonly number: number;
}

interface Pull {
  readonly node_id: string;
  readonly draft: boolean;
  readonly head: { readonly sha: string };
}

/** What a check says of a head. */
export interface CheckSaid {
  readonly conclusion: string | null;
  readonly title: string;
}

const READY =
  'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }';

/** What a person does with one pull request by its page at the forge, in their own name. */
export class PersonAtForge {
  readonly #options: PersonAtForgeOptions;

  constructor(options: PersonAtForgeOptions) {
    this.#options = options;
  }

  pull(): Promise<Pull> {
    return this.#rest<Pull>('GET', this.#path);
  }

  /** Marks the draft ready for review. */
  async markReady(): Promise<void> {
    const { node_id: id } = await this.pull();
    const body = { query: READY, variables: { id } };
    const { errors } = (await this.#call('POST', '/api/graphql', body)).body as { errors?: { message: string }[] };
    if (errors !== undefined) throw refused('mark the draft ready', errors[0]?.message);
  }

  /** Approves a head as a reviewer. */
  async approve(headSHA: string): Promise<void> {
    await this.#rest('POST', `${this.#path}/reviews`, { event: 'APPROVE', commit_id: headSHA, body: 'As I want it.' });
  }

  /** Presses the merge button. What the forge says where it refuses, null where it merged. */
  async pressMerge(headSHA: string): Promise<string | null> {
    const { status, body } = await this.#call('PUT', `/api/v3${this.#path}/merge`, { sha: headSHA });
    return status === 200 ? null : plain((body as { message?: string }).message ?? `The forge answered ${status}.`);
  }

  /** What the newest run of a check says of a head; null where none has ended. */
  async check(headSHA: string, name: string): Promise<CheckSaid | null> {
    const path = `/repos/${this.#options.repository}/commits/${headSHA}/check-runs?check_name=${encodeURIComponent(name)}`;
    const { check_runs: runs } = await this.#rest<{
      check_runs: { status: string; conclusion: string | null; output: { title: string | null } }[];
    }>('GET', path);
    const run = runs.find(({ status }) => status === 'completed');
    return run === undefined ? null : { conclusion: run.conclusion, title: plain(run.output.title ?? '') };
  }

  get #path(): string {
    return `/repos/${this.#options.repository}/pulls/${this.#options.number}`;
  }

  async #rest<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#call(method, `/api/v3${path}`, body);
    if (answer.status >= 300) throw refused(`${method} ${path}`, (answer.body as { message?: string }).message);
    return answer.body as T;
  }

  async #call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const headers = { authorization: `Bearer ${this.#options.token}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.#options.url}${path}`, { method, headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json().catch(() => ({})) };
  }
}

function refused(what: string, why = 'it gave no reason'): ExitError {
  return new ExitError(ExitCode.NotDone, `The forge refused to ${what}: ${plain(why)}`);
}
