import { Type } from 'typebox';
import { react } from '../model/index.ts';
import { forbidden, notFound } from '../refusal.ts';
import { renderReaction } from '../render/index.ts';
import type { ReactionContent, ReactionSubject } from '../store/index.ts';
import { type Answer, noContent, paged } from './answer.ts';
import type { Call } from './call.ts';
import type { Routes } from './server.ts';

const CONTENTS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'] as const;
const Reaction = Type.Object({ content: Type.Enum(CONTENTS) });

interface Subject {
  readonly subject: ReactionSubject;
  readonly subjectId: number;
}

const ofIssue = (call: Call): Subject => ({ subject: 'issue', subjectId: call.issue().id });

function ofComment(call: Call, subject: 'comment' | 'reviewComment'): Subject {
  const { comments, reviewComments } = call.ctx.store;
  const row = (subject === 'comment' ? comments : reviewComments).get(call.id('comment_id'));
  if (row === undefined || row.repoId !== call.repo.id) throw notFound();
  return { subject, subjectId: row.id };
}

const routesAt = (at: string, subjectOf: (call: Call) => Subject): Routes => ({
  [`GET ${at}`]: (call) => list(call, subjectOf(call)),
  [`POST ${at}`]: (call) => {
    const { content } = call.json(Reaction);
    const { reaction, created } = react(call.ctx, call.repo, call.user, { ...subjectOf(call), content });
    return { status: created ? 201 : 200, body: renderReaction(call.ctx, reaction) };
  },
  [`DELETE ${at}/{reaction_id}`]: (call) => remove(call, subjectOf(call)),
});

const REPO = '/repos/{owner}/{repo}';

export const reactionRoutes: Routes = {
  ...routesAt(`${REPO}/issues/comments/{comment_id}/reactions`, (call) => ofComment(call, 'comment')),
  ...routesAt(`${REPO}/pulls/comments/{comment_id}/reactions`, (call) => ofComment(call, 'reviewComment')),
  ...routesAt(`${REPO}/issues/{issue_number}/reactions`, ofIssue),
};

function list(call: Call, subject: Subject): Answer {
  const { reactions } = call.ctx.store;
  const content = call.query('content') as ReactionContent | undefined;
  const where = { ...subject, content };
  return paged(call, reactions.count(where), (limit, offset) =>
    reactions.find(where, { limit, offset }).map((row) => renderReaction(call.ctx, row)),
  );
}

function remove(call: Call, { subject, subjectId }: Subject): Answer {
  const found = call.ctx.store.reactions.get(call.id('reaction_id'));
  if (found === undefined || found.subject !== subject || found.subjectId !== subjectId) throw notFound();
  if (found.userId !== call.user.id) throw forbidden();
  call.ctx.store.reactions.delete(found.id);
  return noContent;
}
