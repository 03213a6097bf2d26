import { Type } from 'typebox';
import { createPull, editPull, mergePull, mergeState, setReviewers } from '../model/index.ts';
import { invalid, notFound } from '../refusal.ts';
import { ownerOf, renderCommit, renderFile, renderPull, renderPullSimple, renderUserById } from '../render/index.ts';
import type { PullRow } from '../store/index.ts';
import { type Answer, created, noContent, ok, paged, pagedList } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import { refuseDiff } from './commits.ts';
import type { Routes } from './server.ts';

const Text = Type.String({ maxLength: 65_536 });
const NewPull = Type.Object({
  title: optional(Text),
  head: Type.String(),
  base: Type.String(),
  body: optional(nullable(Text)),
  draft: optional(Type.Boolean()),
});
const PullChange = Type.Object({
  title: optional(Text),
  body: optional(nullable(Text)),
  state: optional(Type.Enum(['open', 'closed'])),
  base: optional(Type.String()),
});
const Merge = Type.Object({
  commit_title: optional(Type.String()),
  commit_message: optional(Type.String()),
  sha: optional(Type.String()),
  merge_method: optional(Type.Enum(['merge', 'squash', 'rebase'])),
});
const Reviewers = Type.Object({ reviewers: optional(Type.Array(Type.String())) });

export const pullRoutes: Routes = {
  'GET /repos/{owner}/{repo}/pulls': listPulls,

  'POST /repos/{owner}/{repo}/pulls': async (call) => {
    const { title, head, base, body = null, draft = false } = call.json(NewPull);
    if (title === undefined || title.trim() === '') throw invalid('PullRequest', 'title', 'missing_field');
    const pull = await createPull(call.ctx, call.repo, call.user, { title, head, base, body, draft });
    return created(await pullBody(call, pull));
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}': async (call) => {
    refuseDiff(call, 'GET /repos/{owner}/{repo}/pulls/{pull_number} as a diff');
    return ok(await pullBody(call, call.pull()));
  },

  'PATCH /repos/{owner}/{repo}/pulls/{pull_number}': async (call) => {
    const pull = call.pull();
    call.needAuthorOrWrite(call.ctx.store.issues.get(pull.issueId)!.authorId);
    return ok(await pullBody(call, await editPull(call.ctx, call.repo, pull.id, call.user, call.json(PullChange))));
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/files': async (call) => {
    const pull = call.pull();
    const files = await call.ctx.git(call.repo).diff(pull.stats.mergeBase, pull.headSha);
    return pagedList(
      call,
      files.map((file) => renderFile(call.ctx, call.repo, pull.headSha, file)),
    );
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/commits': async (call) => {
    const { stats, headSha } = call.pull();
    const commits = await call.ctx
      .git(call.repo)
      .commits('--reverse', '--topo-order', '-250', `${stats.mergeBase}..${headSha}`);
    return pagedList(
      call,
      commits.map((commit) => renderCommit(call.ctx, call.repo, commit)),
    );
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/merge': (call) => {
    if (call.pull().mergedAt === null) throw notFound();
    return noContent;
  },

  'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge': async (call) => {
    const pull = call.pull();
    call.need('write');
    const body = call.json(Merge);
    const request = {
      method: body.merge_method ?? ('merge' as const),
      sha: body.sha,
      title: body.commit_title,
      message: body.commit_message,
    };
    const sha = await mergePull(call.ctx, call.repo, pull.id, call.actor, request);
    return ok({ sha, merged: true, message: 'Pull Request successfully merged' });
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': (call) => {
    const users = call.pull().requestedReviewerIds.map((id) => renderUserById(call.ctx, id));
    return ok({ users, teams: [] });
  },
  'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': (call) => {
    const pull = changeReviewers(call, 'add');
    return created(renderPullSimple(call.ctx, call.repo, pull));
  },
  'DELETE /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': (call) =>
    ok(renderPullSimple(call.ctx, call.repo, changeReviewers(call, 'remove'))),
};

async function pullBody(call: Call, pull: PullRow) {
  const state = await mergeState(call.ctx, call.repo, pull);
  return renderPull(call.ctx, call.repo, call.ctx.store.pulls.get(pull.id)!, state);
}

function changeReviewers(call: Call, what: 'add' | 'remove'): PullRow {
  const pull = call.pull();
  call.needAuthorOrWrite(call.ctx.store.issues.get(pull.issueId)!.authorId);
  const users = (call.json(Reviewers).reviewers ?? []).map((login) => call.userNamed(login));
  return setReviewers(call.ctx, call.repo, pull.id, call.user, { [what]: users });
}

function listPulls(call: Call): Answer {
  const { store } = call.ctx;
  const state = call.oneOf('state', ['open', 'closed', 'all']);
  const updated = call.oneOf('sort', ['created', 'updated', 'popularity', 'long-running']) === 'updated';
  const descending =
    call.oneOf('direction', call.query('sort') === undefined ? ['desc', 'asc'] : ['asc', 'desc']) === 'desc';
  const [owner, headRef] = (call.query('head') ?? '').split(':');
  const baseRef = call.query('base');
  if (owner && owner.toLowerCase() !== ownerOf(call.ctx, call.repo).login.toLowerCase()) return pagedList(call, []);
  // The issues carry state and times; the pull requests the branches.
  const issues = store.issues.find(
    { repoId: call.repo.id, isPull: true, ...(state === 'all' ? {} : { state }) },
    { orderBy: updated ? 'updatedAt' : 'createdAt', descending },
  );
  const fits = (pull: PullRow) =>
    (headRef === undefined || pull.headRef === headRef) && (baseRef === undefined || pull.baseRef === baseRef);
  const pulls = issues.map((issue) => store.pulls.first({ issueId: issue.id })!).filter(fits);
  return paged(call, pulls.length, (limit, offset) =>
    pulls.slice(offset, offset + limit).map((pull) => renderPullSimple(call.ctx, call.repo, pull)),
  );
}
