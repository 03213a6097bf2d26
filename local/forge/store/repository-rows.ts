/** Where a repository was before it was renamed or given away: requests to the old name are sent on. */
export interface RedirectRow {
  id: number;
  ownerKey: string;
  nameKey: string;
  repoId: number;
}

export type ReactionContent = '+1' | '-1' | 'laugh' | 'confused' | 'heart' | 'hooray' | 'rocket' | 'eyes';
export type ReactionSubject = 'issue' | 'comment' | 'reviewComment';

export interface ReactionRow {
  id: number;
  repoId: number;
  subject: ReactionSubject;
  subjectId: number;
  userId: number;
  content: ReactionContent;
  createdAt: string;
}
