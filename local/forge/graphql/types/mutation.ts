import { can, replyInThread, setDraft, setResolved } from '../../model/index.ts';
import { refused } from '../connection.ts';
import { type Args, type Fields, type GraphRequest, type PullNode, pullNode, type ThreadNode } from '../nodes.ts';
import { inputNode } from './query.ts';
import { commentNode, mayResolve } from './review.ts';

type Input = Record<string, unknown>;
const inputOf = (args: Args) => args.input as Input;
const payload = (input: Input, fields: Record<string, unknown>) => ({
  clientMutationId: input.clientMutationId ?? null,
  ...fields,
});

export const Mutation: Fields<undefined> = {
  resolveReviewThread: (_, args, request) => resolve(args, request, true),
  unresolveReviewThread: (_, args, request) => resolve(args, request, false),
  addPullRequestReviewThreadReply: (_, args, request) => {
    const input = inputOf(args);
    if (input.pullRequestReviewId != null)
      throw refused('NOT_IMPLEMENTED', 'Replies inside a pending review are not served');
    const node = inputNode<ThreadNode>(request, input.pullRequestReviewThreadId, 'PullRequestReviewThread');
    const body = String(input.body);
    if (body.trim() === '') throw refused('UNPROCESSABLE', 'Body can not be blank');
    const comment = replyInThread(request.ctx, node.repo, node.pull, request.actor.user, node.thread, body);
    return payload(input, { comment: commentNode(node, comment) });
  },
  convertPullRequestToDraft: (_, args, request) => draft(args, request, true),
  markPullRequestReadyForReview: (_, args, request) => draft(args, request, false),
};

function resolve(args: Args, request: GraphRequest, resolved: boolean) {
  const input = inputOf(args);
  const node = inputNode<ThreadNode>(request, input.threadId, 'PullRequestReviewThread');
  if (!mayResolve(node, request)) throw denied(request);
  const thread = setResolved(request.ctx, node.repo, node.thread, request.actor.user, resolved);
  return payload(input, { thread: { ...node, thread } });
}

function draft(args: Args, request: GraphRequest, wanted: boolean) {
  const input = inputOf(args);
  const { repo, pull } = inputNode<PullNode>(request, input.pullRequestId, 'PullRequest');
  const authorId = request.ctx.store.issues.get(pull.issueId)?.authorId;
  if (authorId !== request.actor.user.id && !can(request.ctx, request.actor, repo, 'write')) throw denied(request);
  const next = setDraft(request.ctx, repo, pull.id, request.actor.user, wanted);
  return payload(input, { pullRequest: pullNode(repo, next) });
}

const denied = ({ actor }: GraphRequest) =>
  refused('FORBIDDEN', `${actor.user.login} does not have the correct permissions to execute this mutation`);
