import type { EffectRow } from '#lib/events';
import type { Forge, RepositoryName } from '#lib/forge';
import { mergedAt, numbered, optional, since } from './made.ts';
import { marker } from './markers.ts';

type Finder = (at: { forge: Forge; repo: RepositoryName }, row: Left) => Promise<unknown>;

/** For whom a write is made. */
export type Asker = 'task' | 'issue';

/** Writes that a task alone asks for, by the forge's answer to where they are: once it has ended, nobody asks for them again. */
const ofTasks: Readonly<Record<string, Finder>> = {
  head: async ({ forge, repo }, { request }) =>
    (await forge.branchSHA(repo, `${request.ref}`)) === request.to ? { to: request.to } : undefined,
  'pull-request': async ({ forge, repo }, { request }) =>
    optional(await forge.findPullRequestByHead(repo, `${request.head}`), numbered),
  review: async ({ forge, repo }, { key, request }) =>
    optional(
      await forge.findReviewByMarker(repo, Number(request.number), marker('review', behind('review/', key))),
      ({ id, author }) => ({ id, author }),
    ),
  'thread-reply': async ({ forge }, { key, request }) =>
    optional(
      await forge.findThreadReplyByMarker(`${request.thread}`, marker('thread', behind('thread-reply/', key))),
      ({ id }) => ({ id }),
    ),
  // What only sets something leaves no mark: nothing shows who set it.
  thread: async () => undefined,
  'pull-request-text': async () => undefined,
};

/**
 * Writes that the conductor decides for an Issue: what came of one may be told by a delivery, or what it was for may be over, before the leader
 * that follows has asked. Then the log goes on, and nobody asks for it again.
 */
const ofIssues: Readonly<Record<string, Finder>> = {
  merge: ({ forge, repo }, { request }) =>
    mergedAt(forge, repo, { number: Number(request.number), sha: `${request.sha}` }),
  'close-pull-request': async ({ forge, repo }, { request }) => {
    const number = Number(request.number);
    return (await forge.pullRequest(repo, number)).state === 'open' ? undefined : { number };
  },
  comment: async ({ forge, repo }, row) =>
    optional(
      await forge.findCommentByMarker(
        repo,
        Number(row.request.number),
        marker('comment', behind('comment/', row.key)),
        since(row),
      ),
      ({ url }) => ({ url }),
    ),
};

interface Left {
  readonly key: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

/** SQL: the subject of an effect as the index of events has it; an effect on anything else has a name there. */
export const SUBJECT = `CASE WHEN effects.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN effects.subject::uuid END`;

/** Kinds that {@link findLeft} knows, by who asks for them. */
export const LEFT_KINDS: Readonly<Record<Asker, readonly string[]>> = {
  task: Object.keys(ofTasks),
  issue: Object.keys(ofIssues),
};

/** What a write made at the forge; undefined where it is not there. Rejects where that cannot be told. */
export async function findLeft<O>(at: { forge: Forge; repo: RepositoryName }, row: EffectRow): Promise<O | undefined> {
  const find = ofTasks[row.kind] ?? ofIssues[row.kind];
  if (find === undefined) throw new Error(`Nobody looks for an effect of kind ${row.kind}.`);
  return (await find(at, row as Left)) as O | undefined;
}

function behind(prefix: string, key: string): string {
  return key.slice(prefix.length);
}
