/**
 * Every GraphQL document this adapter sends. Each is valid against GitHub's published schema; a test says so.
 * The lists of the gate's facts are fragments on their connections, so that the first query and the ones for further pages
 * read the same fields.
 */
const ACTOR = `
fragment ActorFields on Actor {
  __typename
  login
  ... on User { databaseId }
  ... on Bot { databaseId }
  ... on Mannequin { databaseId }
  ... on Organization { databaseId }
}`;

const COMMENTS = `
fragment ThreadComments on PullRequestReviewCommentConnection {
  nodes { id url body createdAt author { ...ActorFields } }
  pageInfo { hasNextPage endCursor }
}`;

const THREAD = `
fragment ThreadFields on PullRequestReviewThread {
  id isResolved isOutdated path line
  resolvedBy { ...ActorFields }
  comments(first: 100) { ...ThreadComments }
}`;

const LISTS = {
  commits: `
fragment CommitsPage on PullRequestCommitConnection {
  nodes { commit { oid message authors(first: 20) { nodes { email user { ...ActorFields } } pageInfo { hasNextPage } } committer { email user { ...ActorFields } } } }
  pageInfo { hasNextPage endCursor }
}`,
  checks: `
fragment ChecksPage on StatusCheckRollupContextConnection {
  nodes {
    __typename
    ... on CheckRun {
      databaseId name status conclusion startedAt completedAt title summary url detailsUrl
      checkSuite { app { slug } commit { oid } branch { name } }
    }
    ... on StatusContext { context state description targetUrl createdAt commit { oid } }
  }
  pageInfo { hasNextPage endCursor }
}`,
  reviews: `
fragment ReviewsPage on PullRequestReviewConnection {
  nodes { fullDatabaseId state body submittedAt createdAt commit { oid } author { ...ActorFields } }
  pageInfo { hasNextPage endCursor }
}`,
  threads: `
fragment ThreadsPage on PullRequestReviewThreadConnection {
  nodes { ...ThreadFields }
  pageInfo { hasNextPage endCursor }
}`,
  closingIssues: `
fragment ClosingIssuesPage on IssueConnection {
  nodes { number repository { databaseId } }
  pageInfo { hasNextPage endCursor }
}`,
  labels: `
fragment LabelsPage on LabelConnection {
  nodes { name }
  pageInfo { hasNextPage endCursor }
}`,
} as const;

export type GateList = keyof typeof LISTS;

/** Pages of 50 threads with up to 100 comments each keep the first query far below GitHub's limit of 500,000 nodes. */
const SELECTIONS: Record<GateList, (after: string) => string> = {
  commits: (after) => `commits(first: 100${after}) { ...CommitsPage }`,
  checks: (after) => `statusCheckRollup { commit { oid } contexts(first: 100${after}) { ...ChecksPage } }`,
  reviews: (after) => `reviews(first: 100${after}) { ...ReviewsPage }`,
  threads: (after) => `reviewThreads(first: 50${after}) { ...ThreadsPage }`,
  closingIssues: (after) => `closingIssuesReferences(first: 50${after}) { ...ClosingIssuesPage }`,
  labels: (after) => `labels(first: 100${after}) { ...LabelsPage }`,
};

const LIST_NAMES = Object.keys(LISTS) as GateList[];

/** Everything the merge gate asks of a pull request. `$head` is compared with the base branch when `$compare` is true. */
export const GATE_FACTS = `
query GateFacts($owner: String!, $name: String!, $number: Int!, $head: String!, $compare: Boolean!) {
  repository(owner: $owner, name: $name) {
    databaseId
    pullRequest(number: $number) {
      number url state isDraft title body updatedAt mergedAt mergeable
      isInMergeQueue isMergeQueueEnabled
      headRefOid headRefName baseRefOid baseRefName
      author { ...ActorFields }
      mergedBy { ...ActorFields }
      headRepository { databaseId }
      mergeCommit { oid }
      baseRef {
        target { oid }
        compare(headRef: $head) @include(if: $compare) { behindBy headTarget { oid } }
      }
      ${LIST_NAMES.map((list) => SELECTIONS[list]('')).join('\n      ')}
    }
  }
}
${ACTOR}${COMMENTS}${THREAD}${LIST_NAMES.map((list) => LISTS[list]).join('')}`;

/** How far a head is behind the tip of the base branch, for a head that {@link GATE_FACTS} was not told beforehand. */
export const COMPARE_WITH_BASE = `
query CompareWithBase($owner: String!, $name: String!, $number: Int!, $head: String!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      baseRef { target { oid } compare(headRef: $head) { behindBy headTarget { oid } } }
    }
  }
}`;

const FRAGMENTS: Record<GateList, string> = {
  commits: LISTS.commits + ACTOR,
  checks: LISTS.checks,
  reviews: LISTS.reviews + ACTOR,
  threads: LISTS.threads + THREAD + COMMENTS + ACTOR,
  closingIssues: LISTS.closingIssues,
  labels: LISTS.labels,
};

/** One further page of one list; the head tells whether it still belongs to the first page. */
export const NEXT_PAGE = Object.fromEntries(
  LIST_NAMES.map((list) => [
    list,
    `
query NextPage($owner: String!, $name: String!, $number: Int!, $after: String!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefOid
      ${SELECTIONS[list](', after: $after')}
    }
  }
}
${FRAGMENTS[list]}`,
  ]),
) as Record<GateList, string>;

export const THREAD_BY_ID = `
query ThreadById($id: ID!) {
  node(id: $id) { __typename ...ThreadFields }
}
${THREAD}${COMMENTS}${ACTOR}`;

export const MORE_COMMENTS = `
query MoreComments($id: ID!, $after: String!) {
  node(id: $id) {
    __typename
    ... on PullRequestReviewThread { comments(first: 100, after: $after) { ...ThreadComments } }
  }
}
${COMMENTS}${ACTOR}`;

export const RESOLVE_THREAD = `
mutation ResolveThread($id: ID!) {
  resolveReviewThread(input: { threadId: $id }) { thread { id isResolved } }
}`;

export const REOPEN_THREAD = `
mutation ReopenThread($id: ID!) {
  unresolveReviewThread(input: { threadId: $id }) { thread { id isResolved } }
}`;

export const REPLY_TO_THREAD = `
mutation ReplyToThread($id: ID!, $body: String!) {
  addPullRequestReviewThreadReply(input: { pullRequestReviewThreadId: $id, body: $body }) { comment { id url } }
}`;

/** Enough of each pull request to see that something of it changed. */
export function pullRequestStatesQuery(numbers: readonly number[]): string {
  return `
query PullRequestStates($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    ${numbers.map((number) => `n${number}: pullRequest(number: ${number}) { ...StateFields }`).join('\n    ')}
  }
}
fragment StateFields on PullRequest {
  number state isDraft updatedAt headRefOid baseRefName
  statusCheckRollup { state contexts(first: 1) { totalCount } }
  reviews(first: 1) { totalCount }
  reviewThreads(first: 100) { totalCount nodes { isResolved } }
}`;
}

/** Who wrote the present text of each issue. */
export function issueEditorsQuery(numbers: readonly number[]): string {
  return `
query IssueEditors($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    ${numbers.map((number) => `n${number}: issue(number: ${number}) { number lastEditedAt editor { ...ActorFields } }`).join('\n    ')}
  }
}
${ACTOR}`;
}
