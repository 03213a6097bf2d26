import { applied } from './deliveries-applied.ts';
import { ignored } from './deliveries-ignored.ts';

/** What may follow from a delivery: a closed set. The sentences are those of docs/github.md. */
export const effects = {
  ping: 'The webhook greets: that it delivers is noted.',
  repository:
    'Names, default branch, visibility and whether it is archived are noted; the Repository and those of its Issues that are not at their end are looked at again.',
  rules: 'What the forge enforces may have changed: the Repository is looked at again.',
  'hook-gone': 'The webhook was taken away: noted for the Repository, which is looked at again.',
  installation:
    'Whether the App still reaches the repositories is noted for each Repository whose own secret signed the delivery; it is looked at again.',
  permission: 'What the rig remembers of this account’s permission is forgotten, and asked anew when it matters.',
  permissions: 'What the rig remembers of everybody’s permission here is forgotten, and asked anew when it matters.',
  issue: 'The issue is noted, its Issue looked at again: one that is closed is cancelled.',
  'issue-label':
    'As `issue`. The intake label, put on by a person who may write, asks for the work: an Issue is made, or asked for again. Other labels are taken into the Issue where a person who may write changed them.',
  'issue-text':
    'As `issue`. What was edited, title or body, is taken into the Issue where a person who may write edited it.',
  'issue-reopened':
    'As `issue`. Reopened by a person who may write, what was done, failed or cancelled is taken up again; attempts count on.',
  'issue-gone': 'The issue is noted as gone for good; its Issue is cancelled.',
  command: 'A line that begins with `/rig` is a command, see above. Other comments are left alone.',
  'pull-request': 'The pull request is noted, the Issue it belongs to looked at again.',
  review: 'The review is noted, and the gate asked again.',
  thread: 'The threads of the pull request are read again before they are believed.',
  'review-comment': 'The threads of the pull request are read again before they are believed.',
  check: 'The check is noted for its commit, and the gate asked again.',
  'check-suite': 'The Issues whose pull requests have that head are looked at again.',
  push: 'Who moved the branch, and to where, is noted: the gate’s provenance. A new tip of the default branch makes the Issues be looked at again that have a pull request, are being deployed, or wait for an Agent whose stack it may have changed.',
  deployment: 'The deployment is noted for its commit, with its newest state and address.',
} as const;

export type Effect = keyof typeof effects;

/** The effects of a delivery, in order; or one sentence why it has none. */
export type Rule = readonly [Effect, ...Effect[]] | string;

/** Rules of one event: by its actions (space-separated), `-` for a delivery without an action, `*` for one that is not listed. */
export type EventRules = Readonly<Record<string, Rule>>;

/** Every webhook event, and what follows from it. Intake dispatches on this table, docs/github.md is generated from it. */
export const deliveries: Readonly<Record<string, EventRules>> = { ...applied, ...ignored };

const byEvent = new Map(
  Object.entries(deliveries).map(([event, rules]) => [
    event,
    new Map(Object.entries(rules).flatMap(([actions, rule]) => actions.split(' ').map((action) => [action, rule]))),
  ]),
);

/** The rule for a delivery. Total: what nobody has heard of is ignored, with a sentence. */
export function ruleOf(event: string, action: string | null): Rule {
  const rules = byEvent.get(event);
  const told = JSON.stringify(event.slice(0, 64));
  if (rules === undefined) return `No rule looks at the event ${told}.`;
  return (
    rules.get(action ?? '-') ??
    rules.get('*') ??
    `No rule looks at the action ${JSON.stringify(action?.slice(0, 64) ?? null)} of ${told}.`
  );
}

/** Events with an effect that a repository's own webhook can send, ping and meta apart, which come unasked. */
export function subscribable(): string[] {
  return Object.keys(applied).filter((event) => !UNASKED.has(event));
}

const UNASKED = new Set(['ping', 'meta', 'installation', 'installation_repositories', 'installation_target', 'team']);
