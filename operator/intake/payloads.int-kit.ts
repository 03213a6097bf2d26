/** Payloads of the `issues` event in GitHub's shape, as far as anything reads them. */
export const REPOSITORY = {
  id: 5,
  name: 'widgets',
  full_name: 'acme/widgets',
  owner: { login: 'acme', id: 50 },
  default_branch: 'main',
};

export interface IssueChange {
  readonly title?: string;
  readonly body?: string;
  readonly labels?: readonly string[];
  /** Login of who did it. */
  readonly by?: string;
  readonly author?: { readonly id: number; readonly login: string };
  /** Seconds into the story; default 0. */
  readonly at?: number;
}

const account = (login: string) => ({ login, id: idOf(login), type: login.endsWith('[bot]') ? 'Bot' : 'User' });

function idOf(login: string): number {
  return [...login].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1_000_003;
}

export function issueEvent(action: string, number: number, change: IssueChange = {}, more: object = {}): object {
  const {
    title = 'It is broken',
    body = 'Steps.',
    labels = [],
    by = 'boss',
    author = account('author'),
    at = 0,
  } = change;
  const url = `https://github.com/acme/widgets/issues/${number}`;
  const updated_at = new Date(Date.parse('2026-01-01T00:00:00Z') + at * 1_000).toISOString();
  const named = labels.map((name, id) => ({ id, name }));
  const issue = {
    id: number,
    number,
    title,
    body,
    state: 'open',
    html_url: url,
    user: author,
    labels: named,
    created_at: updated_at,
    updated_at,
  };
  const changed = (['title', 'body'] as const).filter((part) => change[part] !== undefined);
  const changes = action === 'edited' && { changes: Object.fromEntries(changed.map((part) => [part, { from: '' }])) };
  return { action, issue, repository: REPOSITORY, sender: account(by), ...changes, ...more };
}

export function labelled(number: number, change: IssueChange = {}, label = 'rig'): object {
  return issueEvent('labeled', number, { labels: [label], ...change }, { label: { name: label } });
}

/** An `issue_comment` by one account under an issue, or under a pull request with `pull`. */
export function commented(
  number: number,
  body: string,
  options: {
    readonly by?: string;
    readonly accountId?: number;
    readonly comment?: number;
    readonly action?: string;
    readonly number?: number;
    readonly pull?: boolean;
  } = {},
): object {
  const { by = 'boss', comment = ++comments, action = 'created', pull = false } = options;
  const { issue } = issueEvent(action, number) as { issue: object };
  const user = { ...account(by), ...(options.accountId && { id: options.accountId }) };
  const at = '2026-01-01T00:00:00Z';
  return {
    action,
    issue: pull ? { ...issue, pull_request: { url: '' } } : issue,
    comment: { id: comment, body, user, html_url: '', created_at: at, updated_at: at },
    repository: REPOSITORY,
    sender: user,
  };
}

let comments = 1_000;
