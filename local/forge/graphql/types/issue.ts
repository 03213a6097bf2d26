import { association, issuePage, labelsOf, repositoryPage } from '../../render/index.ts';
import { type CommentRow, type IssueRow, type LabelRow, nodeId, type RepositoryRow } from '../../store/index.ts';
import { connect } from '../connection.ts';
import { type Fields, type GraphRequest, issueNode, type PullNode, repositoryNode, userById } from '../nodes.ts';

interface Subject {
  readonly repo: RepositoryRow;
  readonly issue: IssueRow;
}

/** What issues and pull requests have in common, given how to find the issue behind the node. */
export function issueFields<Node>(subject: (node: Node, request: GraphRequest) => Subject): Fields<Node> {
  const read =
    <T>(value: (found: Subject, request: GraphRequest) => T) =>
    (node: Node, _: unknown, request: GraphRequest): T =>
      value(subject(node, request), request);
  return {
    number: read(({ issue }) => issue.number),
    title: read(({ issue }) => issue.title),
    body: read(({ issue }) => issue.body ?? ''),
    closed: read(({ issue }) => issue.state === 'closed'),
    locked: read(() => false),
    closedAt: read(({ issue }) => issue.closedAt),
    createdAt: read(({ issue }) => issue.createdAt),
    updatedAt: read(({ issue }) => issue.updatedAt),
    url: read(({ repo, issue }, { ctx }) => issuePage(ctx, repo, issue)),
    resourcePath: read(({ repo, issue }, { ctx }) => issuePage(ctx, repo, issue).slice(ctx.html.length)),
    repository: read(({ repo }) => repositoryNode(repo)),
    lastEditedAt: read(({ issue }) => issue.editedAt ?? null),
    editor: read(({ issue }, request) => (issue.editorId == null ? null : userById(request, issue.editorId))),
    author: read(({ issue }, request) => userById(request, issue.authorId)),
    authorAssociation: read(({ repo, issue }, { ctx }) => association(ctx, repo, issue.authorId)),
    labels: (node, args, request) => {
      const { repo, issue } = subject(node, request);
      return connect(labelsOf(request.ctx, issue), args, (label) => ({ label, repo }));
    },
    assignees: (node, args, request) =>
      connect(subject(node, request).issue.assigneeIds, args, (id) => userById(request, id)),
    comments: (node, args, request) => {
      const { repo, issue } = subject(node, request);
      return connect(request.ctx.store.comments.find({ issueId: issue.id }), args, (comment) => ({
        repo,
        issue,
        comment,
      }));
    },
  };
}

export const Issue: Fields<ReturnType<typeof issueNode>> = {
  ...issueFields((node: Subject) => node),
  id: ({ issue }) => nodeId('issue', issue.id),
  databaseId: ({ issue }) => issue.id,
  fullDatabaseId: ({ issue }) => String(issue.id),
  state: ({ issue }) => issue.state.toUpperCase(),
  stateReason: ({ issue }) => issue.stateReason?.toUpperCase() ?? null,
};

export const Label: Fields<{ repo: RepositoryRow; label: LabelRow }> = {
  id: ({ label }) => nodeId('label', label.id),
  name: ({ label }) => label.name,
  color: ({ label }) => label.color,
  description: ({ label }) => label.description,
  isDefault: () => false,
  url: ({ repo, label }, _, { ctx }) => `${repositoryPage(ctx, repo)}/labels/${encodeURIComponent(label.name)}`,
  repository: ({ repo }) => repositoryNode(repo),
};

export const IssueComment: Fields<Subject & { comment: CommentRow }> = {
  id: ({ comment }) => nodeId('comment', comment.id),
  databaseId: ({ comment }) => comment.id,
  fullDatabaseId: ({ comment }) => String(comment.id),
  body: ({ comment }) => comment.body,
  author: ({ comment }, _, request) => userById(request, comment.authorId),
  authorAssociation: ({ repo, comment }, _, { ctx }) => association(ctx, repo, comment.authorId),
  createdAt: ({ comment }) => comment.createdAt,
  updatedAt: ({ comment }) => comment.updatedAt,
  url: ({ repo, issue, comment }, _, { ctx }) => `${issuePage(ctx, repo, issue)}#issuecomment-${comment.id}`,
  issue: ({ repo, issue }) => issueNode(repo, issue),
};

export const pullSubject = ({ repo, pull }: PullNode, { ctx }: GraphRequest): Subject => ({
  repo,
  issue: ctx.store.issues.get(pull.issueId)!,
});
