import {
  ada,
  at,
  bot,
  commit,
  conductor,
  devE,
  NOON,
  OLD_HEAD,
  outsider,
  owner,
  pullRequest,
  reader,
  review,
  reviewE,
  stranger,
} from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const gate = 'review';
const passes = { gate, state: 'pass', reason: 'Passed' } as const;
const missing = { gate, state: 'wait', reason: 'ReviewMissing' } as const;
const byAuthor = { gate, state: 'wait', reason: 'ReviewByAuthor' } as const;
const disputed = { gate, state: 'fail', reason: 'ChangesRequested' } as const;
const unread = { gate, state: 'unknown', reason: 'FactUnknown' } as const;
const { complete } = pullRequest();
const asks = { state: 'changes_requested' } as const;

/** Who approved, and which head. */
export const reviewCases: readonly GateCase[] = [
  { name: 'approved by the reviewer Agent on the head', ...passes },
  { name: 'approved by a person with write permission', pr: { reviews: [review({ author: ada })] }, ...passes },
  { name: 'approved by a person with admin permission', pr: { reviews: [review({ author: owner })] }, ...passes },
  { name: 'no review at all', pr: { reviews: [] }, ...missing },
  { name: 'only a comment', pr: { reviews: [review({ state: 'commented' })] }, ...missing },
  { name: 'only a review that is not submitted', pr: { reviews: [review({ state: 'pending' })] }, ...missing },
  { name: 'approved by a person who may only read', pr: { reviews: [review({ author: reader })] }, ...missing },
  { name: 'approved by an outsider', pr: { reviews: [review({ author: outsider })] }, ...missing },
  { name: 'approved by a bot whose account may write', pr: { reviews: [review({ author: bot })] }, ...missing },
  { name: 'approved by a machine that is no reviewer', pr: { reviews: [review({ author: conductor })] }, ...missing },
  { name: 'approved by its author, the developer Agent', pr: { reviews: [review({ author: devE })] }, ...byAuthor },
  {
    name: 'approved by its author, a person with write permission',
    pr: { author: ada, reviews: [review({ author: ada })] },
    ...byAuthor,
  },
  {
    name: 'approved by a person who has a commit in it',
    pr: { commits: [commit(), commit({ authors: [ada] })], reviews: [review({ author: ada })] },
    ...byAuthor,
  },
  {
    name: 'approved by a co-author of a commit',
    pr: { commits: [commit({ authors: [devE, reviewE] })] },
    ...byAuthor,
  },
  {
    name: 'approved by its author and by the reviewer Agent',
    pr: { author: ada, reviews: [review({ id: 50, author: ada }), review()] },
    ...passes,
  },
  {
    name: 'the approval is of an older head',
    pr: { reviews: [review({ commitSHA: OLD_HEAD })] },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  {
    name: 'the approval names no commit',
    pr: { reviews: [review({ commitSHA: null })] },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  { name: 'the approval was dismissed', pr: { reviews: [review({ state: 'dismissed' })] }, ...missing },
  {
    name: 'an older approval, and a newer review of the same account was dismissed',
    pr: { reviews: [review(), review({ id: 52, state: 'dismissed', submittedAt: at(-5) })] },
    ...missing,
  },
  {
    name: 'approved by somebody whose permission was not read',
    pr: { reviews: [review({ author: stranger })] },
    ...unread,
  },
  {
    name: 'approved by the reviewer Agent and by somebody whose permission was not read',
    pr: { reviews: [review(), review({ id: 52, author: stranger })] },
    ...passes,
  },
  { name: 'changes requested by the reviewer Agent', pr: { reviews: [review(asks)] }, ...disputed },
  {
    name: 'changes requested by a person with write permission beside an approval',
    pr: { reviews: [review(), review({ id: 52, author: ada, ...asks })] },
    ...disputed,
  },
  {
    name: 'changes requested by a person on an older head, never taken back',
    pr: { reviews: [review(), review({ id: 50, author: ada, commitSHA: OLD_HEAD, submittedAt: at(-300), ...asks })] },
    ...disputed,
  },
  {
    name: 'changes requested by an outsider beside an approval',
    pr: { reviews: [review(), review({ id: 52, author: outsider, ...asks })] },
    ...passes,
  },
  {
    name: 'changes requested by a bot beside an approval',
    pr: { reviews: [review(), review({ id: 52, author: bot, ...asks })] },
    ...passes,
  },
  {
    name: 'changes requested by somebody whose permission was not read',
    pr: { reviews: [review(), review({ id: 52, author: stranger, ...asks })] },
    ...unread,
  },
  {
    name: 'changes requested, then approved by the same reviewer',
    pr: { reviews: [review({ id: 50, submittedAt: at(-300), ...asks }), review()] },
    ...passes,
  },
  {
    name: 'approved, then changes requested by the same reviewer, told in the other order',
    pr: { reviews: [review({ id: 52, submittedAt: at(-5), ...asks }), review()] },
    ...disputed,
  },
  {
    name: 'changes requested, then only a comment by the same person',
    pr: {
      reviews: [
        review(),
        review({ id: 52, author: ada, ...asks }),
        review({ id: 53, author: ada, state: 'commented', submittedAt: at(-1) }),
      ],
    },
    ...disputed,
  },
  {
    name: 'changes requested by a person, dismissed since, beside an approval',
    pr: { reviews: [review(), review({ id: 52, author: ada, state: 'dismissed' })] },
    ...passes,
  },
  {
    name: 'approved by a person who pushed to the branch, under the name of another author',
    pr: { reviews: [review({ author: ada })] },
    input: { pushers: [devE, ada] },
    ...byAuthor,
  },
  {
    name: 'approved by a person who pushed to the branch, and by another person',
    pr: { reviews: [review({ author: ada }), review({ id: 52, author: owner })] },
    input: { pushers: [devE, ada] },
    ...passes,
  },
  {
    name: 'approved by the reviewer Agent under the account that a developer Agent uses too',
    input: { developers: new Set([devE.id, reviewE.id]) },
    ...byAuthor,
  },
  {
    name: 'approved with the identity of the developer Agent where the conductor opened the pull request',
    pr: { author: conductor, commits: [commit({ authors: [] })], reviews: [review({ author: devE })] },
    ...byAuthor,
  },
  {
    name: 'approved by a person whom a Co-authored-by trailer names',
    pr: { commits: [commit({ authors: [devE, ada] })], reviews: [review({ author: ada })] },
    ...byAuthor,
  },
  {
    name: 'approved by the author of an earlier commit who has another login now',
    pr: {
      commits: [commit({ authors: [{ ...ada, login: 'ada-lovelace' }] }), commit()],
      reviews: [review({ author: ada })],
    },
    ...byAuthor,
  },
  {
    name: 'approved by another account that took over the login of the author',
    pr: { author: { ...ada, id: 77 }, reviews: [review({ author: ada })] },
    ...passes,
  },
  {
    name: 'approved by the reviewer Agent while the account of the Agent that made the change cannot be told',
    input: { unaccounted: ['dev-e'], permissions: new Map() },
    ...unread,
  },
  {
    name: 'approved by the reviewer Agent while the account of another Agent cannot be told',
    input: { unaccounted: ['far-e'], permissions: new Map() },
    ...passes,
  },
  {
    name: 'approved before the pull request was set to go to this base',
    input: { baseChangedAt: NOON - 10_000 },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  {
    name: 'approved in the second in which the pull request was set to go to this base',
    input: { baseChangedAt: NOON - 30_000 },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  {
    name: 'approved after the pull request was set to go to this base',
    input: { baseChangedAt: NOON - 60_000 },
    ...passes,
  },
  {
    name: 'approved without a time, and the pull request was once set to go to another base',
    pr: { reviews: [review({ submittedAt: '' })] },
    input: { baseChangedAt: NOON - 60_000 },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  {
    name: 'changes requested before the pull request was set to go to this base',
    pr: { reviews: [review(), review({ id: 52, author: ada, submittedAt: at(-90), ...asks })] },
    input: { baseChangedAt: NOON - 60_000 },
    ...disputed,
  },
  { name: 'approved by the reviewer Agent at T3', issue: { tier: 'T3' }, ...missing },
  {
    name: 'approved by a person with write permission at T3',
    pr: { reviews: [review({ author: ada })] },
    issue: { tier: 'T3' },
    ...passes,
  },
  {
    name: 'approved, then the head was pushed, then only commented on',
    pr: {
      reviews: [review({ commitSHA: OLD_HEAD, submittedAt: at(-300) }), review({ id: 52, state: 'commented' })],
    },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  {
    name: 'approved on the head, then on an older commit by the same account',
    pr: { reviews: [review(), review({ id: 52, commitSHA: OLD_HEAD, submittedAt: at(-5) })] },
    gate,
    state: 'wait',
    reason: 'ReviewStale',
  },
  {
    name: 'approved on an older head by one, on the head by another',
    pr: { reviews: [review({ id: 50, author: ada, commitSHA: OLD_HEAD }), review()] },
    ...passes,
  },
  {
    name: 'changes requested by one whose permission was not read and by the reviewer Agent',
    pr: { reviews: [review({ id: 50, author: stranger, ...asks }), review(asks)] },
    ...disputed,
  },
  {
    name: 'an approval and a request of changes by one account, of which it is not told which came first',
    pr: { reviews: [review(), review({ id: 52, submittedAt: '', ...asks })] },
    ...disputed,
  },
  {
    name: 'an approval without a time by one whose request of changes has one',
    pr: { reviews: [review({ submittedAt: '' }), review({ id: 52, ...asks })] },
    ...disputed,
  },
  {
    name: 'an approval without a time beside a dismissal by the same account',
    pr: { reviews: [review({ submittedAt: '' }), review({ id: 52, state: 'dismissed' })] },
    ...missing,
  },
  {
    name: 'changes requested by the author of the change, a person with write permission',
    pr: { author: ada, reviews: [review(), review({ id: 52, author: ada, ...asks })] },
    ...disputed,
  },
  {
    name: 'changes requested by a person who may only read, beside an approval',
    pr: { reviews: [review(), review({ id: 52, author: reader, ...asks })] },
    ...passes,
  },
  {
    name: 'the review task failed and left no review',
    pr: { reviews: [review({ state: 'commented', body: 'The task failed.' })] },
    ...missing,
  },
  {
    name: 'the approval is the 150th of 150 reviews',
    pr: {
      reviews: [
        ...Array.from({ length: 149 }, (_, n) => review({ id: 100 + n, author: outsider, state: 'commented' })),
        review(),
      ],
    },
    ...passes,
  },
  {
    name: 'changes were requested in the first of 150 reviews',
    pr: {
      reviews: [
        review({ id: 50, author: ada, submittedAt: at(-900), ...asks }),
        ...Array.from({ length: 149 }, (_, n) => review({ id: 100 + n, state: 'approved' })),
      ],
    },
    ...disputed,
  },
  { name: 'the pages of reviews were not all read', pr: { complete: { ...complete, reviews: false } }, ...unread },
  {
    name: 'the commits were not all read, so an approver may be a co-author',
    pr: { complete: { ...complete, commits: false } },
    ...unread,
  },
];
