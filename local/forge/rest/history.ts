import { notFound } from '../refusal.ts';
import { renderComment, renderIssueEvent, renderReview, renderTimelineEvent, renderUserById } from '../render/index.ts';
import { type Answer, ok, paged, pagedList } from './answer.ts';
import type { Call } from './call.ts';
import type { Routes } from './server.ts';

export const historyRoutes: Routes = {
  /** Newest first. */
  'GET /repos/{owner}/{repo}/issues/events': (call) => {
    const { issueEvents } = call.ctx.store;
    const where = { repoId: call.repo.id };
    return paged(call, issueEvents.count(where), (limit, offset) =>
      issueEvents
        .find(where, { limit, offset, descending: true })
        .map((event) => renderIssueEvent(call.ctx, call.repo, event)),
    );
  },
  'GET /repos/{owner}/{repo}/issues/events/{event_id}': (call) => {
    const event = call.ctx.store.issueEvents.get(call.id('event_id'));
    if (event === undefined || event.repoId !== call.repo.id) throw notFound();
    return ok(renderIssueEvent(call.ctx, call.repo, event));
  },
  /** Oldest first, as GitHub lists those of one issue. */
  'GET /repos/{owner}/{repo}/issues/{issue_number}/events': (call) => {
    const { issueEvents } = call.ctx.store;
    const where = { issueId: call.issue().id };
    return paged(call, issueEvents.count(where), (limit, offset) =>
      issueEvents.find(where, { limit, offset }).map((event) => renderTimelineEvent(call.ctx, call.repo, event)),
    );
  },
  'GET /repos/{owner}/{repo}/issues/{issue_number}/timeline': timeline,
};

/** What was done, said and reviewed, oldest first; commits are not told. */
function timeline(call: Call): Answer {
  const { ctx, repo } = call;
  const issue = call.issue();
  const { store } = ctx;
  const events = store.issueEvents
    .find({ issueId: issue.id })
    .map((row) => ({ at: row.createdAt, body: renderTimelineEvent(ctx, repo, row) as object }));
  const comments = store.comments.find({ issueId: issue.id }).map((row) => ({
    at: row.createdAt,
    body: { ...renderComment(ctx, repo, issue, row), event: 'commented', actor: renderUserById(ctx, row.authorId) },
  }));
  const pull = issue.isPull ? store.pulls.first({ issueId: issue.id }) : undefined;
  const reviews = pull === undefined ? [] : store.reviews.find({ pullId: pull.id });
  const reviewed = reviews.map((row) => ({
    at: row.submittedAt,
    body: { ...renderReview(ctx, repo, pull!, row), state: row.state.toLowerCase(), event: 'reviewed' },
  }));
  // The sort is stable: within a second, what was done comes before what was said.
  const all = [...events, ...comments, ...reviewed].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return pagedList(
    call,
    all.map(({ body }) => body),
  );
}
