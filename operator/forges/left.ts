import type { EffectRow } from '#lib/events';
import type { Forge, RepositoryName } from '#lib/forge';
import { numbered, optional } from './made.ts';
import { marker } from './markers.ts';

/** Writes that a task alone asks for, by the forge's answer to where they are: once it has ended, nobody asks for them again. */
const finders: Readonly<Record<string, (at: { forge: Forge; repo: RepositoryName }, row: Left) => Promise<unknown>>> = {
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

interface Left {
  readonly key: string;
  readonly request: Readonly<Record<string, unknown>>;
}

/** Kinds that {@link findLeft} knows. */
export const LEFT_KINDS: readonly string[] = Object.keys(finders);

/** What a write of a task made at the forge; undefined where it is not there. Rejects where that cannot be told. */
export async function findLeft<O>(at: { forge: Forge; repo: RepositoryName }, row: EffectRow): Promise<O | undefined> {
  const find = finders[row.kind];
  if (find === undefined) throw new Error(`Nobody looks for an effect of kind ${row.kind}.`);
  return (await find(at, { key: row.key, request: row.request as Left['request'] })) as O | undefined;
}

function behind(prefix: string, key: string): string {
  return key.slice(prefix.length);
}
