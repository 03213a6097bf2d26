import { renderIssueEvent } from '../render/index.ts';
import { paged } from './answer.ts';
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
};
