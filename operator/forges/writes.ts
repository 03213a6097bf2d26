import { defuse } from '#domain';
import type { Pool } from '#lib/db';
import { type EffectRow, type Effects, isEventsError } from '#lib/events';
import type { Actor, ForgeIssueFacts, MergeRequest, MergeResult, NewReview } from '#lib/forge';
import { legible } from '#lib/kube';
import { type Metrics, noMetrics } from '#lib/observe';
import { closingKey } from './closings.ts';
import { filingKey } from './filing.ts';
import { type Asker, findLeft } from './left.ts';
import { describedSo, existing, isOpen, issueIn, mergedAt, numbered, optional, since, unlessEnded } from './made.ts';
import { issueMarker, marker, unmarked } from './markers.ts';
import { type Move, moveKey } from './moves.ts';
import { Outdated } from './outdated.ts';
import type { Pace } from './pace.ts';
import { RecordedWrites, type Target } from './recorded.ts';
import { MergeTurns } from './turns.ts';

export { issueMarker, markedUid, marker } from './markers.ts';
export type { Target } from './recorded.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Every write to a forge, each under a key of its own in the effects table. There is no other way to write there. What only sets something is
 * found by how it stands now; where it does not stand so, setting it again is harmless.
 */
export class ForgeWrites {
  readonly #pool: Pool;
  readonly #recorded: RecordedWrites;
  readonly #pace: Pace | undefined;
  readonly #mergeTurns = new MergeTurns();

  /** Without a `pace` nothing waits for another. */
  constructor(effects: Effects, pool: Pool, metrics: Metrics = noMetrics, pace?: Pace) {
    this.#pool = pool;
    this.#pace = pace;
    this.#recorded = new RecordedWrites(effects, pool, metrics, pace);
  }

  /**
   * Files an Issue object at the forge, once for its uid. A text the forge refused may be filed again in a later `revision` (the
   * object's generation), which first looks for what an earlier one may have made; while it is not known what became of an earlier
   * one, that one is seen to its end.
   */
  async fileIssue(
    target: Target,
    issue: { uid: string; revision: number; title: string; body: string; labels: readonly string[] },
  ): Promise<{ number: number; url: string }> {
    const { forge, repo } = target;
    const text = `${unmarked(issue.body)}\n\n${issueMarker(issue.uid)}`;
    return this.#recorded.run(
      target,
      'issue',
      await filingKey(this.#pool, target.subject, issue),
      { title: issue.title },
      {
        perform: async () => {
          const day = new Date(Date.now() - DAY_MS).toISOString();
          const made = issue.revision > 1 ? await forge.findIssueByMarker(repo, issueMarker(issue.uid), day) : null;
          return numbered(
            made ?? (await forge.createIssue(repo, { title: issue.title, body: text, labels: issue.labels })),
          );
        },
        find: async (row) =>
          optional(await forge.findIssueByMarker(repo, issueMarker(issue.uid), since(row)), numbered),
      },
    );
  }

  /**
   * Opens the one pull request of a work claim's branch, `draft` default false; a second call for the branch answers the first. `still` is asked behind
   * the turn, right before each sending; what it rejects with a NoLongerAsked ends the call as EffectNotPerformed.
   */
  async openPullRequest(
    target: Target,
    request: { head: string; headSHA: string; base: string; title: string; body: string; draft?: boolean },
    still: () => Promise<void> = async () => {},
  ): Promise<{ number: number; url: string }> {
    const { forge, repo } = target;
    return this.#recorded.run(
      target,
      'pull-request',
      // The forge has one pull request for a branch; the head is in the key because one without commits is refused.
      `pull-request/${target.subject}/${request.head}/${request.headSHA}`,
      { head: request.head, base: request.base },
      {
        perform: async () => {
          await still();
          const { head, base, title, body, draft = false } = request;
          return numbered(
            await forge
              .createPullRequest(repo, { head, base, title, body, draft })
              .catch((error: unknown) => existing(error, () => forge.findPullRequestByHead(repo, head))),
          );
        },
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
    await this.#recorded.run(
      target,
      'pull-request-text',
      `pull-request-text/${key}`,
      { number },
      {
        perform: async () => numbered(await forge.updatePullRequest(repo, number, change)),
        find: async () => optional(await describedSo(forge, repo, number, change), numbered),
      },
    );
  }

  /** Sees to it that a pull request is not open; one that was merged meanwhile stays that. */
  async closePullRequest(target: Target, number: number): Promise<void> {
    const { forge, repo } = target;
    await this.#recorded.run(
      target,
      'close-pull-request',
      await closingKey(this.#pool, target.subject, number),
      { number },
      {
        perform: async () => {
          const closing = forge.updatePullRequest(repo, number, { state: 'closed' });
          await unlessEnded(closing, () => isOpen(forge, repo, number));
          return { number };
        },
        find: async () => ((await isOpen(forge, repo, number)) ? undefined : { number }),
      },
    );
  }

  /** Opens an issue again that the forge closed with the merge, once for `key`; answers what it is then. */
  async reopenIssue(target: Target, number: number, key: string): Promise<ForgeIssueFacts> {
    const { forge, repo } = target;
    return this.#recorded.run(
      target,
      'reopen-issue',
      `reopen-issue/${key}`,
      { number },
      {
        perform: () => forge.reopenIssue(repo, number),
        find: async () => (await issueIn(forge, repo, number, 'open')) ?? undefined,
      },
    );
  }

  /** Closes an issue as completed, once for `key`. */
  async closeIssue(target: Target, number: number, key: string): Promise<void> {
    const { forge, repo } = target;
    await this.#recorded.run(
      target,
      'close-issue',
      `close-issue/${key}`,
      { number },
      {
        perform: async () => numbered(await forge.closeIssue(repo, number)),
        find: async () => optional(await issueIn(forge, repo, number, 'closed'), numbered),
      },
    );
  }

  /** Comments on an issue or pull request, once for `key`. Closing keywords in the text are defused. */
  async comment(target: Target, number: number, key: string, body: string): Promise<{ url: string }> {
    const { forge, repo } = target;
    const mark = marker('comment', key);
    return this.#recorded.run(
      target,
      'comment',
      `comment/${key}`,
      { number },
      {
        perform: async () => ({ url: (await forge.comment(repo, number, `${spoken(body)}\n\n${mark}`)).url }),
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
    return this.#recorded.run(
      target,
      'review',
      `review/${task}`,
      { number, commitSHA: review.commitSHA, event: review.event },
      {
        perform: async () =>
          made(await forge.createReview(repo, number, { ...review, body: `${spoken(review.body)}\n\n${mark}` })),
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
      await this.#recorded.run(
        target,
        'thread-reply',
        `thread-reply/${key}`,
        { thread },
        {
          perform: async () => ({ id: (await forge.replyToThread(thread, `${spoken(settle.reply)}\n\n${mark}`)).id }),
          find: async () => optional(await forge.findThreadReplyByMarker(thread, mark), ({ id }) => ({ id })),
        },
      );
    }
    const resolved = settle.to === 'resolved';
    await this.#recorded.run(
      target,
      'thread',
      `thread/${settle.to}/${key}`,
      { thread, to: settle.to },
      {
        perform: async () => {
          await (resolved ? forge.resolveThread(thread) : forge.reopenThread(thread));
          return { thread };
        },
        find: async () => ((await forge.thread(thread)).resolved === resolved ? { thread } : undefined),
      },
    );
  }

  /**
   * Waits for the turn of a merge, before it is decided. False when that took so long that the decision has to begin anew: the turn is
   * kept for it.
   */
  async mergeTurn({ forge, subject }: Target): Promise<boolean> {
    return this.#mergeTurns.take(subject, async () => this.#pace?.turn(forge, 'merge'));
  }

  /**
   * The one merge call, in a turn taken before ({@link mergeTurn}). `key` names the decision (the version of MERGE_REQUESTED), so that one
   * decision merges at most once. `request.still` is asked right before each sending, a repeat after an unknown outcome included; an
   * Outdated of it ends this decision as EffectRefused. A refusal by the forge is an outcome, not an error.
   */
  async merge(target: Target, number: number, key: string, request: MergeRequest): Promise<MergeResult> {
    const { forge, repo } = target;
    return this.#recorded.run<MergeResult>(
      target,
      'merge',
      `merge/${target.subject}/${key}`,
      { number, sha: request.sha, method: request.method },
      {
        perform: () => forge.merge(repo, number, request),
        find: () => mergedAt(forge, repo, { number, sha: request.sha }),
      },
    );
  }

  /**
   * Moves the branch of a work claim at the forge by a push of the gateway's; `push` must be exact (only from `from` to `to`). The caller has
   * seen the branch at `from`: a move of that kind which has an outcome is over, and this is another.
   */
  async forwardHead(target: Target, ref: string, move: Move, push: () => Promise<void>): Promise<void> {
    await this.#moveHead(target, await moveKey(this.#pool, target.subject, ref, move), ref, move, push);
  }

  /** Sees the move that was begun under `key` to its end, where the branch was seen at `to`: there is nothing left to push. */
  async headArrived(target: Target, key: string, ref: string, move: Move): Promise<void> {
    await this.#moveHead(target, key, ref, move, async () => {});
  }

  async #moveHead(target: Target, key: string, ref: string, move: Move, push: () => Promise<void>): Promise<void> {
    const { forge, repo } = target;
    const done = { to: move.to };
    const perform = () => push().then(() => done);
    const find = async () => ((await forge.branchSHA(repo, ref)) === move.to ? done : undefined);
    await this.#recorded.run(target, 'head', key, { ref, ...move }, { perform, find });
  }

  /**
   * Sees a write to its end that was begun for `asker` and that nobody asks for any more: its outcome where the forge shows it, else that it was
   * given up. Writes nothing.
   */
  async giveUp(target: Target, row: EffectRow, asker: Asker): Promise<void> {
    const { key, kind, request } = row;
    const perform = async () => {
      throw new Outdated(`Its ${asker} ended before it was known to have taken place.`);
    };
    const find = () => findLeft(target, row);
    await this.#recorded.run(target, kind, key, request as object, { perform, find }).catch((error: unknown) => {
      if (!isEventsError(error, 'EffectRefused')) throw error;
    });
  }
}

/** What an agent says: it closes no issue and carries no mark but ours. */
function spoken(text: string): string {
  return unmarked(defuse(legible(text)));
}
