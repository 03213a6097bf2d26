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
  return { action, issue, repository: REPOSITORY, sender: account(by), ...more };
}

export function labelled(number: number, change: IssueChange = {}, label = 'rig'): object {
  return issueEvent('labeled', number, { labels: [label], ...change }, { label: { name: label } });
}
