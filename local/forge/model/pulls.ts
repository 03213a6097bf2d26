import { type Context, now } from '../context.ts';
import type { Commit } from '../git/index.ts';
import { invalid, unprocessable } from '../refusal.ts';
import { ownerOf, renderUser } from '../render/index.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/index.ts';
import { requestCi } from './checks.ts';
import { editIssue, emitPull, type IssueEdit, insertIssue, setState } from './issues.ts';
import { computeStats } from './pull-facts.ts';

export interface NewPull {
  readonly title: string;
  readonly body: string | null;
  /** `branch` or `owner:branch`. */
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

/** Opens a pull request between two branches of the repository. 422 as GitHub for unknown branches, no commits, a second one. */
export function createPull(ctx: Context, repo: RepositoryRow, author: UserRow, wanted: NewPull): Promise<PullRow> {
  return ctx.locks.run(repo.id, async () => {
    const git = ctx.git(repo);
    const headRef = headBranch(ctx, repo, wanted.head);
    const [headSha, baseSha] = await Promise.all([git.branch(headRef), git.branch(wanted.base)]);
    if (headSha === null) throw invalid('PullRequest', 'head');
    if (baseSha === null) throw invalid('PullRequest', 'base');
    refuseSecond(ctx, repo, headRef, wanted.base);
    const stats = await computeStats(git, baseSha, headSha);
    if (stats.commits === 0) throw unprocessable('PullRequest', `No commits between ${wanted.base} and ${headRef}`);
    const commit = await git.commit(headSha);
    const pull = insertPull(ctx, repo, author, wanted, { headRef, headSha, baseSha, stats }, commit);
    await git.updateRef(`refs/pull/${pull.number}/head`, headSha);
    return pull;
  });
}

function insertPull(
  ctx: Context,
  repo: RepositoryRow,
  author: UserRow,
  wanted: NewPull,
  facts: Pick<PullRow, 'headRef' | 'headSha' | 'baseSha' | 'stats'>,
  commit: Commit,
): PullRow {
  return ctx.store.transaction(() => {
    const content = { title: wanted.title, body: wanted.body, labels: [], assigneeIds: [] };
    const issue = insertIssue(ctx, repo, author, content, true);
    const pull = ctx.store.pulls.insert({
      ...facts,
      repoId: repo.id,
      issueId: issue.id,
      number: issue.number,
      baseRef: wanted.base,
      draft: wanted.draft,
      requestedReviewerIds: [],
      mergedAt: null,
      mergedById: null,
      mergeCommitSha: null,
      mergeability: null,
      mergeIntent: null,
    });
    emitPull(ctx, repo, pull, 'opened', author);
    requestCi(ctx, repo, { commit, branch: pull.headRef });
    return pull;
  });
}

function headBranch(ctx: Context, repo: RepositoryRow, head: string): string {
  const colon = head.indexOf(':');
  if (colon < 0) return head;
  if (head.slice(0, colon).toLowerCase() !== ownerOf(ctx, repo).login.toLowerCase())
    throw invalid('PullRequest', 'head');
  return head.slice(colon + 1);
}

function refuseSecond(ctx: Context, repo: RepositoryRow, headRef: string, baseRef: string): void {
  const same = ctx.store.pulls.find({ repoId: repo.id, headRef, baseRef });
  const open = same.some((pull) => ctx.store.issues.get(pull.issueId)?.state === 'open');
  const label = `${ownerOf(ctx, repo).login}:${headRef}`;
  if (open) throw unprocessable('PullRequest', `A pull request already exists for ${label}.`);
}

/** Edits text, state and base branch; a reopened pull request first catches up with its branch. */
export function editPull(
  ctx: Context,
  repo: RepositoryRow,
  id: number,
  editor: UserRow,
  edit: Pick<IssueEdit, 'title' | 'body' | 'state'> & { base?: string },
): Promise<PullRow> {
  return ctx.locks.run(repo.id, async () => {
    const { state, base, ...text } = edit;
    const pull = ctx.store.pulls.get(id)!;
    const reopened = state === 'open' && ctx.store.issues.get(pull.issueId)?.state === 'closed';
    const caughtUp = reopened ? await catchUp(ctx, repo, pull) : null;
    const retargeted = base === undefined || base === pull.baseRef ? null : await retarget(ctx, repo, pull, base);
    return ctx.store.transaction(() => {
      editIssue(ctx, repo, pull.issueId, editor, text);
      if (retargeted !== null) recordRetarget(ctx, repo, editor, pull, retargeted);
      if (caughtUp !== null) ctx.store.pulls.update(id, caughtUp.fields);
      if (state !== undefined) setState(ctx, repo, ctx.store.issues.get(pull.issueId)!, editor, state, null);
      if (caughtUp !== null) requestCi(ctx, repo, { commit: caughtUp.commit, branch: pull.headRef });
      return ctx.store.pulls.get(id)!;
    });
  });
}

async function catchUp(ctx: Context, repo: RepositoryRow, pull: PullRow) {
  const git = ctx.git(repo);
  const [headSha, baseSha] = await Promise.all([git.branch(pull.headRef), git.branch(pull.baseRef)]);
  if (headSha === null || baseSha === null) {
    throw invalid(
      'PullRequest',
      'state',
      'invalid',
      `state cannot be changed. The ${pull.headRef} branch was deleted.`,
    );
  }
  refuseSecond(ctx, repo, pull.headRef, pull.baseRef);
  await git.updateRef(`refs/pull/${pull.number}/head`, headSha);
  const fields = { headSha, baseSha, stats: await computeStats(git, baseSha, headSha) };
  return { fields, commit: await git.commit(headSha) };
}

async function retarget(ctx: Context, repo: RepositoryRow, pull: PullRow, base: string) {
  const git = ctx.git(repo);
  const baseSha = await git.branch(base);
  if (baseSha === null) throw invalid('PullRequest', 'base');
  refuseSecond(ctx, repo, pull.headRef, base);
  const stats = await computeStats(git, baseSha, pull.headSha);
  if (stats.commits === 0)
    throw unprocessable(
      'PullRequest',
      `There are no new commits between base branch '${base}' and head branch '${pull.headRef}'`,
    );
  return { baseRef: base, baseSha, stats };
}

function recordRetarget(
  ctx: Context,
  repo: RepositoryRow,
  editor: UserRow,
  before: PullRow,
  change: Pick<PullRow, 'baseRef' | 'baseSha' | 'stats'>,
): void {
  const pull = ctx.store.pulls.update(before.id, change);
  ctx.store.issues.update(pull.issueId, { updatedAt: now(ctx) });
  const changes = { base: { ref: { from: before.baseRef }, sha: { from: before.baseSha } } };
  emitPull(ctx, repo, pull, 'edited', editor, { changes });
}

/** Turns a pull request into a draft or back; the same again says nothing. */
export function setDraft(ctx: Context, repo: RepositoryRow, id: number, actor: UserRow, draft: boolean): PullRow {
  return ctx.store.transaction(() => {
    const before = ctx.store.pulls.get(id)!;
    if (before.draft === draft) return before;
    const pull = ctx.store.pulls.update(id, { draft });
    ctx.store.issues.update(pull.issueId, { updatedAt: now(ctx) });
    emitPull(ctx, repo, pull, draft ? 'converted_to_draft' : 'ready_for_review', actor);
    return pull;
  });
}

/** Asks people for a review, or no longer; one event a person. The author cannot be asked. */
export function setReviewers(
  ctx: Context,
  repo: RepositoryRow,
  id: number,
  actor: UserRow,
  change: { add?: readonly UserRow[]; remove?: readonly UserRow[] },
): PullRow {
  return ctx.store.transaction(() => {
    let pull = ctx.store.pulls.get(id)!;
    const authorId = ctx.store.issues.get(pull.issueId)?.authorId;
    if (change.add?.some((user) => user.id === authorId)) {
      throw unprocessable('PullRequest', 'Review cannot be requested from pull request author.');
    }
    const say = (action: string, user: UserRow) =>
      emitPull(ctx, repo, pull, action, actor, { requested_reviewer: renderUser(ctx, user) });
    for (const user of change.add ?? []) {
      if (pull.requestedReviewerIds.includes(user.id)) continue;
      pull = ctx.store.pulls.update(id, { requestedReviewerIds: [...pull.requestedReviewerIds, user.id] });
      say('review_requested', user);
    }
    for (const user of change.remove ?? []) {
      if (!pull.requestedReviewerIds.includes(user.id)) continue;
      const rest = pull.requestedReviewerIds.filter((other) => other !== user.id);
      pull = ctx.store.pulls.update(id, { requestedReviewerIds: rest });
      say('review_request_removed', user);
    }
    return pull;
  });
}
