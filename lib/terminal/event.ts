import { isReason, reasons } from '#crds';
import type { Colours } from './terminal.ts';
import { plain } from './text.ts';

/** An event of the log, as far as a line about it needs it. */
export interface ShownEvent {
  readonly type: string;
  /** RFC 3339. */
  readonly at: string;
  readonly subject: { readonly name: string };
  readonly data: unknown;
}

type Data = Record<string, unknown>;

const WIDTH = 20;

/** One line about an event: its clock time, its Issue, its type, and what matters of its data. Text from outside is made plain. */
export function eventLine(event: ShownEvent, colours: Colours): string {
  const time = new Date(event.at).toTimeString().slice(0, 8);
  const type = event.type.padEnd(WIDTH);
  const gist = plain(gistOf(event.type, (event.data ?? {}) as Data)).slice(0, 160);
  return `${colours.dim(time)} ${colours.dim(plain(event.subject.name))} ${colourOf(event.type, colours)(type)} ${gist}`.trimEnd();
}

const GISTS: Record<string, (data: Data) => string> = {
  ISSUE_FILED: ({ spec }) => text((spec as Data | undefined)?.title),
  ISSUE_REOPENED: ({ spec }) => text((spec as Data | undefined)?.title),
  ISSUE_EDITED: ({ changed }) => list(changed),
  ISSUE_APPROVED: ({ actor }) => `by ${login(actor)}`,
  COMMAND_ACCEPTED: ({ command, tier, by }) => `${text(command)}${tier ? ` ${text(tier)}` : ''} by ${login(by)}`,
  TIER_RAISED: ({ from, to, reason }) => `${text(from)} to ${text(to)}: ${text(reason)}`,
  EPIC_PLANNED: ({ children }) => list(children),
  MILESTONE_COMPLETE: ({ children }) => list(children),
  HUMAN_GATE_REMINDED: ({ times }) => `reminder ${text(times)}`,
  PREPARATION_REQUESTED: ({ by, note }) => `by ${text(by)}${noted(note)}`,
  HUMAN_GATE_ACKNOWLEDGED: ({ by, note }) => `by ${text(by)}${noted(note)}`,
  HUMAN_GATE_CLEARED: ({ reason }) => whyOf(text(reason)),
  CHANGE_CLASSIFIED: ({ tier, taskClass, reason }) => `${text(tier)} ${text(taskClass)}: ${text(reason)}`,
  ISSUE_CLASSIFIED: ({ tier, taskClass, reason }) => `${text(tier)} ${text(taskClass)}: ${text(reason)}`,
  ISSUE_ASSIGNED: ({ agent, attempt, branch }) => `${name(agent)}, attempt ${text(attempt)}, branch ${text(branch)}`,
  TASK_DISPATCHED: ({ agent, kind, why }) => `${name(agent)} to ${text(kind)}: ${text(why)}`,
  TASK_FINISHED: ({ kind, result, reason }) => `${text(kind)} ${text(result)}: ${text(reason)}`,
  WORK_STARTED: ({ kind, model }) => `${text(kind)} with ${text(model)}`,
  WORK_CONTINUED: ({ branch, headSHA, forwarded, by }) =>
    `from ${text(branch)} at ${short(headSHA)}${forwarded === true ? '' : `, pushed by ${login(by) || 'nobody who is known'}`}`,
  HEAD_FORWARDED: ({ branch, to }) => `${text(branch)} at ${short(to)}`,
  PR_CREATED: ({ url }) => text(url),
  PR_UPDATED: ({ number, headSHA }) => `#${text(number)} at ${short(headSHA)}`,
  CI_PASSED: ({ checks, headSHA }) => `${list(checks)} on ${short(headSHA)}`,
  CI_FAILED: ({ failed, headSHA }) => `${list(failed)} on ${short(headSHA)}`,
  PR_CLOSED: ({ number, stale, by }) =>
    `#${text(number)}${by ? ` by ${login(by)}` : ''}${stale ? ', of an earlier attempt' : ''}`,
  GUARD_BLOCKED: ({ command, rule }) => `${text(rule)}: ${text(command)}`,
  REVIEW_ASSIGNED: ({ agent, headSHA }) => `${name(agent)} reviews ${short(headSHA)}`,
  REVIEW_LOOP_EXCEEDED: ({ rounds }) => `${text(rounds)} round(s) of review and rework`,
  REVIEW_PASSED: ({ by, headSHA }) => `${login(by)} approved ${short(headSHA)}`,
  REVIEW_DISPUTED: ({ by, threads }) => `${login(by)} asked for changes in ${text(threads)} thread(s)`,
  THREADS_RESOLVED: threadsBy,
  THREADS_REOPENED: threadsBy,
  MERGE_REQUESTED: ({ number, headSHA, method }) => `#${text(number)} at ${short(headSHA)}, by ${text(method)}`,
  MERGE_CONFLICT: ({ number, headSHA, baseSHA }) =>
    `#${text(number)}: ${short(headSHA)} does not merge into ${short(baseSHA)}`,
  MERGED: ({ number, mergeSHA }) => `#${text(number)} as ${short(mergeSHA)}`,
  DEPLOYED_STAGING: deployed,
  DEPLOYED_PRODUCTION: deployed,
  VERIFIED: ({ checks, revision }) => `${list(checks)} on ${short(revision)}`,
  EGRESS_DENIED: ({ host, port, reason, count }) =>
    `${text(host)}${port === null ? '' : `:${text(port)}`}${count === 1 ? '' : `, ${text(count)} times`}: ${whyOf(text(reason))}`,
  APPROVAL_VERIFIED: ({ scope, subject, headSHA, expiresAt }) =>
    `${text(scope)}${headSHA ? ` of ${short(headSHA)}` : ''} by ${text(subject)}, until ${text(expiresAt)}`,
  APPROVAL_REFUSED: ({ scope, message }) => `${text(scope)}: ${text(message)}`,
  APPROVAL_USED: ({ scope, subject, headSHA, allows }) =>
    `${text(scope)}${headSHA ? ` of ${short(headSHA)}` : ''} by ${text(subject)}, for ${text(allows)}`,
  TRUST_RESET: ({ model, first }) => `${text(model)} answers for the first time, behind ${text(first)}`,
  TRUST_ACKNOWLEDGED: ({ model, by, note }) => `${text(model)} by ${text(by)}${noted(note)}`,
  TRUST_GRANTED: ({ taskClass, model, tier, by, note }) =>
    `${text(taskClass)} to ${text(tier)} with ${text(model)} by ${text(by)}${noted(note)}`,
  TRUST_FAULTED: ({ mergeSHA, by, note }) => `${short(mergeSHA)} by ${text(by)}${noted(note)}`,
  TRUST_CLEARED: ({ mergeSHA, by, note }) => `${short(mergeSHA)} by ${text(by)}${noted(note)}`,
  TOKENS_USED: ({ model, tokens }) =>
    `${text(model)}: ${text((tokens as Data)?.input)} in, ${text((tokens as Data)?.output)} out`,
};

const FALLBACK = ['message', 'why', 'url', 'evidence', 'question', 'command', 'branch', 'reason'];

function gistOf(type: string, data: Data): string {
  const gist = GISTS[type];
  if (gist) return gist(data);
  const key = FALLBACK.find((field) => typeof data[field] === 'string');
  return key === undefined ? '' : text(data[key]);
}

function deployed({ environment, revision, url }: Data): string {
  return `${text(environment)} is at ${short(revision)}${url ? `, ${text(url)}` : ''}`;
}

function noted(note: unknown): string {
  return note ? `: ${text(note)}` : '';
}

function threadsBy({ threads, by }: Data): string {
  return `${Array.isArray(threads) ? threads.length : 0} by ${text(by)}`;
}

function colourOf(type: string, colours: Colours): (text: string) => string {
  if (/^(MERGED|ISSUE_DONE|CI_PASSED|REVIEW_PASSED|VERIFIED|DEPLOYED_.*)$/.test(type)) return colours.green;
  if (/(FAILED|LOST|STUCK|BLOCKED|DENIED|CANCELLED|EXCEEDED|CONFLICT|ROLLED_BACK)$/.test(type)) return colours.red;
  if (/^(HUMAN_|ESCALATED|REVIEW_DISPUTED|MERGE_GATE_WAITING)/.test(type)) return colours.yellow;
  return colours.cyan;
}

/** A reason in words; one that a newer conductor wrote stays a word. */
function whyOf(word: string): string {
  return isReason(word) ? reasons[word] : word;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function short(sha: unknown): string {
  return text(sha).slice(0, 7);
}

function login(actor: unknown): string {
  return text((actor as Data | undefined)?.login);
}

function name(object: unknown): string {
  return text((object as Data | undefined)?.name);
}

function list(items: unknown): string {
  const names = Array.isArray(items) ? items.map((item) => (typeof item === 'string' ? item : name(item))) : [];
  return names.join(', ');
}
