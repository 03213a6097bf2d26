/** Something done to an issue or pull request, as GitHub's issue events tell it. */
export interface IssueEventRow {
  id: number;
  repoId: number;
  issueId: number;
  event:
    | 'labeled'
    | 'unlabeled'
    | 'closed'
    | 'reopened'
    | 'renamed'
    | 'assigned'
    | 'unassigned'
    | 'merged'
    | 'review_requested'
    | 'review_request_removed'
    | 'ready_for_review'
    | 'convert_to_draft';
  actorId: number;
  label: { name: string; color: string } | null;
  rename: { from: string; to: string } | null;
  /** Of an assignment and of a request for a review: who. */
  subjectId?: number;
  /** Of a merge. */
  commitId?: string;
  createdAt: string;
}
