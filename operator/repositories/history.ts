import type { ForgeIssueFacts, IssueEventFacts } from '#lib/forge';
import { LISTED } from '../intake/issues.ts';
import { putMark } from '../mirror/listings.ts';
import { type Deed, labeled, putListed, putTold, unlabeled, wasTold } from '../mirror/told.ts';
import { alone, markOf, mayWrite, type Round, updateOf } from './round.ts';
import { givenUp } from './stuck.ts';

/** Most entries of the history that one round reads: thirty requests. */
const HISTORY_LIMIT = 3_000;

/** Entries since the last round, oldest first, and where that leaves the listing. */
export interface History {
  readonly events: readonly IssueEventFacts[];
  /** What has been done since it was read: asked when a text is judged that was read behind it. Free where nothing was. */
  readonly since: () => Promise<readonly IssueEventFacts[]>;
  /** Writes down how far the history was read: last, so that a crash reads it again. */
  readonly done: () => Promise<void>;
}

/**
 * Reads who did what to the issues of a repository. Before the Repository was made nobody listened here: what was done by then is not
 * taken for lost.
 */
export async function readHistory(round: Round): Promise<History> {
  const { forge, repo, repository, conductor, key, found } = round;
  const { etag, mark } = markOf(round, 'events');
  const since = repository.metadata.creationTimestamp;
  const list = (etag: string | null | undefined, mark: string | null) =>
    forge.listIssueEvents(repo, {
      limit: HISTORY_LIMIT,
      ...(etag == null ? {} : { etag }),
      ...(mark === null ? {} : { after: Number(mark) }),
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    });
  const later = async (...read: Parameters<typeof list>) => {
    const listing = await list(...read);
    return listing.notModified ? [] : listing.items.toSorted((a, b) => a.id - b.id);
  };
  const listing = await list(etag, mark);
  if (listing.notModified) return { events: [], since: () => later(etag, mark), done: async () => undefined };
  const events = listing.items.toSorted((a, b) => a.id - b.id);
  if (!listing.complete)
    found.refused.push(
      `More than ${HISTORY_LIMIT} things were done to issues since the last listing; who gave an older label ${repository.spec.intakeLabel} is not known, so give it again.`,
    );
  const newest = events.at(-1)?.id ?? mark;
  const next = { etag: listing.etag, mark: newest === null ? null : String(newest) };
  return {
    events,
    since: () => later(next.etag, next.mark),
    done: () => putMark(conductor.log.pool, key, 'events', next, conductor.now()),
  };
}

/**
 * Takes what was done to issues and no delivery has told: labels, closing, reopening. One that cannot be taken keeps no other back, and is
 * tried again for an hour. Answers whether nothing is left to try.
 */
export async function takeHistory(round: Round, history: History): Promise<boolean> {
  const { conductor, key } = round;
  const { pool } = conductor.log;
  let whole = true;
  for (const event of history.events) {
    const deed = deedOf(round, event);
    if (deed === null || (await wasTold(pool, key, event.number, deed, event.createdAt))) continue;
    const failure = await alone(round, () => takeEvent(round, event, deed, history), `#${event.number}: `);
    const untaken = { number: event.number, deed, at: event.createdAt, what: `#${event.number} was ${event.event}` };
    if (failure !== null && !(await givenUp(round, untaken, failure))) whole = false;
  }
  return whole;
}

async function takeEvent(round: Round, event: IssueEventFacts, deed: Deed, history: History): Promise<void> {
  const { conductor, key, found } = round;
  const { pool } = conductor.log;
  const issue = await conductor.mirror.issue(pool, key, event.number);
  // The history is of pull requests as well, which the mirror keeps elsewhere.
  if (issue === null || issue.gone) return;
  found.missed(event.createdAt, `that #${event.number} was ${event.event}`);
  found.issues.add(event.number);
  await take(round, event, issue.facts, history);
  if (event.event === 'labeled') await putListed(pool, key, event.number, deed, event.actor.id, event.createdAt);
  await putTold(pool, key, event.number, deed, event.createdAt);
}

function deedOf({ repository, work }: Round, { event, label, number }: IssueEventFacts): Deed | null {
  if (event === 'reopened' || event === 'closed') return event;
  if (label === null || (event !== 'labeled' && event !== 'unlabeled')) return null;
  const intake = labeled(label) === labeled(repository.spec.intakeLabel);
  if (!intake && !work.byNumber.has(number)) return null;
  return event === 'labeled' ? labeled(label) : unlabeled(label);
}

async function take(round: Round, event: IssueEventFacts, facts: ForgeIssueFacts, history: History): Promise<void> {
  const { repository, intake, found } = round;
  const asks = event.event === 'labeled' && labeled(event.label!) === labeled(repository.spec.intakeLabel);
  // What was taken back since is not wanted any more.
  if (asks && !facts.labels.some((label) => labeled(label) === labeled(event.label!))) return;
  if (asks) {
    const doubt = await textDoubt(round, event, history);
    if (doubt !== null) return void found.refused.push(doubt);
  }
  const change = event.event === 'labeled' ? 'added' : 'removed';
  const label = event.label === null ? {} : { label: { name: event.label, change } as const };
  const told = { action: event.event, actor: event.actor, updatedAt: event.createdAt, ...label };
  found.taken.push(await intake.take(repository, updateOf(round, facts, told), `${LISTED}${event.id}`));
}

/**
 * The label stands for the text as it was then: one that somebody without the right to changed since was never asked for. Asked behind the
 * reading of the text, so that no change between the two is missed.
 */
async function textDoubt(
  round: Round,
  { number, createdAt, label }: IssueEventFacts,
  history: History,
): Promise<string | null> {
  const since = Date.parse(createdAt);
  const later = [...history.events, ...(await history.since())].filter(
    (one) => one.number === number && one.event === 'renamed' && Date.parse(one.createdAt) >= since,
  );
  const text = (await round.forge.issueEditors(round.repo, [number])).get(number);
  if (text === undefined)
    return `#${number} was given the label ${label}, and the forge does not say who wrote its text, so it is not taken: give the label again.`;
  const edited = text.editedAt !== null && Date.parse(text.editedAt) >= since;
  const editors = [...later.map(({ actor }) => actor), ...(edited ? [text.editor] : [])];
  for (const editor of editors) {
    if (await mayWrite(round, editor)) continue;
    const who = editor === null ? 'an account that the forge does not name' : `${editor.login}, who may not write,`;
    return `#${number} was given the label ${label}, and its text was changed after that by ${who} so it is not taken: read it, then give the label again.`;
  }
  return null;
}
