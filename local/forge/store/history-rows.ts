/** Something done to an issue or pull request, as GitHub's issue events tell it. */
export interface IssueEventRow {
  id: number;
  repoId: number;
  issueId: number;
  event: 'labeled' | 'unlabeled' | 'closed' | 'reopened' | 'renamed';
  actorId: number;
  label: { name: string; color: string } | null;
  rename: { from: string; to: string } | null;
  createdAt: string;
}
