import { defuse } from '#domain';
import type { Pool } from '#lib/db';
import { classifyFailure, currentEpoch, type EffectRow, type Effects, type FailureClass } from '#lib/events';
import {
  type Actor,
  type Forge,
  ForgeError,
  type MergeRequest,
  type MergeResult,
  type NewReview,
  type PullRequestSummary,
  type RepositoryName,
} from '#lib/forge';

/** Where a write goes, and for which subject it is recorded. */
export interface Target {
  readonly forge: Forge;
  readonly repo: RepositoryName;
  /** Subject id: the stream the effect belongs to. */
  readonly subject: string;
}

/** Hidden in what is written, so that a repeated call finds what it made: nobody else's text is taken for it, see `Forge`. */
export function marker(kind: string, id: string): string {
  return `<!-- rig:${kind}:${id} -->`;
}

/** Marker of an issue that was filed for an Issue object; intake reads it back. */
export function issueMarker(uid: string): string {
  return `<!-- rig:${uid} -->`;
}

/** The uid in an {@link issueMarker}, or null. */
export function markedUid(body: string): string | null {
  return /<!-- rig:([0-9a-f-]{36}) -->/.exec(body)?.[1] ?? null;
}

/** A moment before the effect's row was made: clocks of forge and database differ a little. */
function since(row: EffectRow): string {
  return new Date(row.createdAt.getTime() - 120_000).toISOString();
}

/** Every write to a forge, each under a key of its own in the effects table. There is no other way to write there. */
export class ForgeWrites {
  readonly #effects: Effects;
  readonly #pool: Pool;

  constructor(effects: Effects, pool: Pool) {
    this.#effects = effects;
    this.#pool = pool;
  }

  /** Files an Issue object at the forge, once for its uid. */
  async fileIssue(
    target: Target,
    issue: { uid: string; title: string; body: string; labels: readonly string[] },
  ): Promise<{ number: number; url: string }> {
    const { forge, repo } = target;
    const text = `${issue.body}\n\n${issueMarker(issue.uid)}`;
    return this.#run(
      target,
      'issue',
      `issue/${issue.uid}`,
      { title: issue.title },
      {
        perform: async () =>
          numbered(await forge.createIssue(repo, { title: issue.title, body: text, labels: issue.labels })),
        find: async (row) =>
          optional(await forge.findIssueByMarker(repo, issueMarker(issue.uid), since(row)), numbered),
      },
    );
  }

  /** Opens the one pull request of a work claim's branch; a second call for the branch answers the first. */
  async openPullRequest(
    target: Target,
    request: { head: string; base: string; title: string; body: string },
  ): Promise<{ number: number; url: string }> {
    const { forge, repo } = target;
    return this.#run(
      target,
      'pull-request',
      `pull-request/${target.subject}/${request.head}`,
      { head: request.head, base: request.base },
      {
        perform: async () =>
          numbered(
            await forge
              .createPullRequest(repo, request)
              .catch((error: unknown) => existing(error, forge.findPullRequestByHead(repo, request.head))),
          ),
        find: async () => optional(await forge.findPullRequestByHead(repo, request.head), numbered),
      },
    );
  }

  /** Rewrites title and description of a pull request; `key` names the occasion, so that a repetition writes nothing. */
  async describePullRequest(
    target: Target,
    number: number,
    key: string,
    change: { title: string; body: string },
  ): Promise<void> {
    const { forge, repo } = target;
    await this.#run(
      target,
      'pull-request-text',
      `pull-request-text/${key}`,
      { number },
      {
        perform: async () => numbered(await forge.updatePullRequest(repo, number, change)),
        // Writing the same text twice changes nothing, so an unknown outcome is settled by writing again.
        find: async () => numbered(await forge.updatePullRequest(repo, number, change)),
      },
    );
  }

  async closePullRequest(target: Target, number: number): Promise<void> {
    const { forge, repo } = target;
    await this.#run(
      target,
      'close-pull-request',
      `close-pull-request/${target.subject}/${number}`,
      { number },
      {
        perform: async () => numbered(await forge.updatePullRequest(repo, number, { state: 'closed' })),
        find: async () => numbered(await forge.updatePullRequest(repo, number, { state: 'closed' })),
      },
    );
  }

  /** Comments on an issue or pull request, once for `key`. Closing keywords in the text are defused. */
  async comment(target: Target, number: number, key: string, body: string): Promise<{ url: string }> {
    const { forge, repo } = target;
    const mark = marker('comment', key);
    return this.#run(
      target,
      'comment',
      `comment/${key}`,
      { number },
      {
        perform: async () => ({ url: (await forge.comment(repo, number, `${defuse(body)}\n\n${mark}`)).url }),
        find: async (row) =>
          optional(await forge.findCommentByMarker(repo, number, mark, since(row)), ({ url }) => ({ url })),
      },
    );
  }

  /** Submits the review of one task, once. */
  async review(
    target: Target,
    number: number,
    task: string,
    review: NewReview,
  ): Promise<{ id: number; author: Actor }> {
    const { forge, repo } = target;
    const mark = marker('review', task);
    const made = ({ id, author }: { id: number; author: Actor }) => ({ id, author });
    return this.#run(
      target,
      'review',
      `review/${task}`,
      { number, commitSHA: review.commitSHA, event: review.event },
      {
        perform: async () =>
          made(await forge.createReview(repo, number, { ...review, body: `${defuse(review.body)}\n\n${mark}` })),
        find: async () => optional(await forge.findReviewByMarker(repo, number, mark), made),
      },
    );
  }

  /** Answers a review thread and resolves or reopens it, once for `key`. */
  async settleThread(
    target: Target,
    thread: string,
    key: string,
    settle: { to: 'resolved' | 'open'; reply: string },
  ): Promise<void> {
    const { forge } = target;
    const mark = marker('thread', key);
    if (settle.reply.trim() !== '') {
      await this.#run(
        target,
        'thread-reply',
        `thread-reply/${key}`,
        { thread },
        {
          perform: async () => ({ id: (await forge.replyToThread(thread, `${defuse(settle.reply)}\n\n${mark}`)).id }),
          find: async () => optional(await forge.findThreadReplyByMarker(thread, mark), ({ id }) => ({ id })),
        },
      );
    }
    const move = async () => {
      await (settle.to === 'resolved' ? forge.resolveThread(thread) : forge.reopenThread(thread));
      return { thread };
    };
    await this.#run(
      target,
      'thread',
      `thread/${settle.to}/${key}`,
      { thread, to: settle.to },
      { perform: move, find: move },
    );
  }

  /**
   * The one merge call. `key` names the decision (the version of MERGE_REQUESTED), so that one decision merges at most once. A refusal by the
   * forge is an outcome, not an error.
   */
  async merge(target: Target, number: number, key: string, request: MergeRequest): Promise<MergeResult> {
    const { forge, repo } = target;
    return this.#run<MergeResult>(
      target,
      'merge',
      `merge/${target.subject}/${key}`,
      { number, sha: request.sha, method: request.method },
      {
        perform: () => forge.merge(repo, number, request),
        find: async () => {
          const pull = await forge.pullRequest(repo, number, request.sha);
          return pull.state === 'merged' && pull.mergeSHA !== null ? { merged: true, sha: pull.mergeSHA } : undefined;
        },
      },
    );
  }

  /** Moves the branch of a work claim at the forge by a push of the gateway's; `push` must be exact (only from `from` to `to`). */
  async forwardHead(
    target: Target,
    ref: string,
    move: { from: string | null; to: string },
    push: () => Promise<void>,
  ): Promise<void> {
    const { forge, repo } = target;
    const done = { to: move.to };
    await this.#run(
      target,
      'head',
      `head/${target.subject}/${ref}/${move.from ?? 'new'}/${move.to}`,
      { ref, ...move },
      {
        perform: async () => {
          await push();
          return done;
        },
        find: async () => ((await forge.branchSHA(repo, ref)) === move.to ? done : undefined),
      },
    );
  }

  async #run<O>(
    target: Target,
    kind: string,
    key: string,
    request: object,
    steps: { perform(): Promise<O>; find(row: EffectRow): Promise<O | undefined> },
  ): Promise<O> {
    const epoch = await currentEpoch(this.#pool);
    return this.#effects.run<object, O>(
      { key, kind, subject: target.subject, epoch, request },
      { perform: () => steps.perform(), find: (_request, row) => steps.find(row as EffectRow), classify },
    );
  }
}

/** Another of the branch exists: somebody opened it before us, and it is the one. */
async function existing(error: unknown, search: Promise<PullRequestSummary | null>): Promise<PullRequestSummary> {
  if (!(error instanceof ForgeError) || error.code !== 'Conflict') throw error;
  const found = await search;
  if (found === null) throw error;
  return found;
}

/** Bad credentials and an unreachable forge are mended and tried again under the same key; what the forge calls wrong stays wrong. */
function classify(error: unknown): FailureClass {
  if (!(error instanceof ForgeError)) return classifyFailure(error);
  if (error.outcome === 'unknown') return 'unknown';
  return error.code === 'Validation' || error.code === 'Conflict' || error.code === 'NotFound'
    ? 'refused'
    : 'notPerformed';
}

function numbered({ number, url }: Pick<PullRequestSummary, 'number' | 'url'>): { number: number; url: string } {
  return { number, url };
}

function optional<T, O>(found: T | null, map: (found: T) => O): O | undefined {
  return found === null ? undefined : map(found);
}
