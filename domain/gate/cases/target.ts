import { known, unknown } from '../../facts.ts';
import {
  ada,
  BASE,
  BRANCH,
  bot,
  conductor,
  devE,
  HEAD,
  NOON,
  OLD_HEAD,
  outsider,
  owner,
  pullRequest,
  REPOSITORY,
  reader,
  reviewE,
  stranger,
} from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const head = { sha: HEAD, ref: BRANCH, repositoryId: REPOSITORY };
const base = { ref: 'main', sha: BASE, repositoryId: REPOSITORY };
const elsewhere = { ...head, ref: 'hotfix' };
const passes = { state: 'pass', reason: 'Passed' } as const;
const unread = { state: 'unknown', reason: 'FactUnknown' } as const;

const onTarget = (gate: GateCase['gate'] = 'target') => ({ gate }) as const;

/** Where the change comes from and where it goes. */
export const targetCases: readonly GateCase[] = [
  { name: 'open, from the branch of the work claim to the default branch', ...onTarget(), ...passes },
  {
    name: 'closed without a merge',
    pr: { state: 'closed' },
    ...onTarget(),
    state: 'fail',
    reason: 'PullRequestClosed',
  },
  { name: 'merged already', pr: { state: 'merged' }, ...onTarget(), state: 'fail', reason: 'Merged' },
  {
    name: 'merged already, by the merge queue of the forge',
    pr: { state: 'merged', mergedBy: bot, mergeQueue: 'required' },
    ...onTarget(),
    state: 'fail',
    reason: 'Merged',
  },
  {
    name: 'head moved between the decision and the call',
    issue: { headSHA: OLD_HEAD },
    ...onTarget(),
    state: 'wait',
    reason: 'HeadMoved',
  },
  { name: 'no head is in the log yet', issue: { headSHA: null }, ...onTarget(), ...passes },
  {
    name: 'a draft from a fork onto another branch',
    pr: { draft: true, head: { ...head, repositoryId: 701 }, base: { ...base, ref: 'release' } },
    ...onTarget(),
    state: 'fail',
    reason: 'Draft',
  },
  {
    name: 'head in a fork, under the name of the branch of the work claim, by an outsider',
    pr: { author: outsider, head: { ...head, repositoryId: 701 } },
    ...onTarget(),
    state: 'fail',
    reason: 'ForkHead',
  },
  { name: 'a draft', pr: { draft: true }, ...onTarget(), state: 'fail', reason: 'Draft' },
  {
    name: 'head in a fork',
    pr: { head: { ...head, repositoryId: 701 } },
    ...onTarget(),
    state: 'fail',
    reason: 'ForkHead',
  },
  {
    name: 'head in a fork that was deleted',
    pr: { head: { ...head, repositoryId: null } },
    ...onTarget(),
    state: 'fail',
    reason: 'ForkHead',
  },
  {
    name: 'head in a fork of a person with write permission',
    pr: { author: ada, head: { ...elsewhere, repositoryId: 701 } },
    ...onTarget(),
    state: 'fail',
    reason: 'ForkHead',
  },
  {
    name: 'head and base both in another repository',
    pr: { head: { ...head, repositoryId: 701 }, base: { ...base, repositoryId: 701 } },
    ...onTarget(),
    state: 'fail',
    reason: 'ForkHead',
  },
  {
    name: 'base retargeted to another branch',
    pr: { base: { ...base, ref: 'release' } },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongBase',
  },
  {
    name: 'base that differs from the default branch only in case',
    pr: { base: { ...base, ref: 'Main' } },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongBase',
  },
  {
    name: 'default branch renamed after the pull request was opened',
    repository: { defaultBranch: 'trunk' },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongBase',
  },
  {
    name: 'another head ref, by the developer Agent',
    pr: { head: elsewhere },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'another head ref, by the conductor itself',
    pr: { author: conductor, head: elsewhere },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'another head ref, by a bot whose account may write',
    pr: { author: bot, head: elsewhere },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'another head ref, by a person with write permission',
    pr: { author: ada, head: elsewhere },
    ...onTarget(),
    ...passes,
  },
  {
    name: 'another head ref, by a person with admin permission',
    pr: { author: owner, head: elsewhere },
    ...onTarget(),
    ...passes,
  },
  {
    name: 'another head ref, by a person who may only read',
    pr: { author: reader, head: elsewhere },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'another head ref, by an outsider',
    pr: { author: outsider, head: elsewhere },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'another head ref, by somebody whose permission was not read',
    pr: { author: stranger, head: elsewhere },
    ...onTarget(),
    ...unread,
  },
  {
    name: 'the branch of an earlier attempt, by the developer Agent',
    issue: { branch: 'rig/fix-parser/2' },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'no work claim yet, by the developer Agent',
    issue: { branch: null },
    ...onTarget(),
    state: 'fail',
    reason: 'WrongHeadRef',
  },
  {
    name: 'the pull request could not be read',
    input: { pullRequest: unknown('The forge answers 500.') },
    ...onTarget(),
    ...unread,
  },
  {
    name: 'the pull request was read longer ago than allowed',
    input: { pullRequest: known(pullRequest(), NOON - 15 * 60_000 - 1) },
    ...onTarget(),
    state: 'unknown',
    reason: 'FactStale',
  },
  {
    name: 'the pull request was read exactly as long ago as allowed',
    input: { pullRequest: known(pullRequest(), NOON - 15 * 60_000) },
    ...onTarget(),
    ...passes,
  },
  {
    name: 'the pull request was read at a time that is no number',
    input: { pullRequest: known(pullRequest(), Number.NaN) },
    ...onTarget(),
    state: 'unknown',
    reason: 'FactStale',
  },
  {
    name: 'the pull request was read by a clock that was set back since',
    input: { pullRequest: known(pullRequest(), NOON + 15 * 60_000 + 1) },
    ...onTarget(),
    state: 'unknown',
    reason: 'FactStale',
  },
];

const pushedBy = (actor: typeof ada) => ({ headPushedBy: known(actor, NOON) });
const elsewherePushed = { forwarded: [{ sha: OLD_HEAD, attempt: 1, branch: BRANCH }] };
const provenance = onTarget('provenance');

/** How the head came to the forge. */
export const provenanceCases: readonly GateCase[] = [
  { name: 'head forwarded by the gateway in the newest attempt', ...provenance, ...passes },
  {
    name: 'head forwarded in an earlier push of the newest attempt',
    issue: {
      forwarded: [
        { sha: HEAD, attempt: 2, branch: BRANCH },
        { sha: OLD_HEAD, attempt: 2, branch: BRANCH },
      ],
    },
    ...provenance,
    ...passes,
  },
  {
    name: 'head forwarded in an older attempt, and a newer one has pushed since',
    issue: {
      forwarded: [
        { sha: HEAD, attempt: 1, branch: BRANCH },
        { sha: OLD_HEAD, attempt: 2, branch: 'rig/fix-parser/2' },
      ],
    },
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head of an older attempt that a person with write permission pushed too, after a newer attempt pushed',
    issue: {
      forwarded: [
        { sha: HEAD, attempt: 1, branch: BRANCH },
        { sha: OLD_HEAD, attempt: 2, branch: 'rig/fix-parser/2' },
      ],
    },
    input: pushedBy(ada),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head forwarded to another branch, and nobody told who pushed it here',
    issue: { forwarded: [{ sha: HEAD, attempt: 1, branch: 'rig/other/1' }] },
    ...provenance,
    ...unread,
  },
  {
    name: 'nothing was ever forwarded and the pusher is not known',
    issue: { forwarded: [] },
    ...provenance,
    ...unread,
  },
  {
    name: 'head forwarded in attempt 2, and attempt 3 was assigned and has not pushed',
    issue: { forwarded: [{ sha: HEAD, attempt: 2, branch: BRANCH }] },
    ...provenance,
    ...passes,
  },
  {
    name: 'head forwarded, and an outsider set the branch to it again',
    input: pushedBy(outsider),
    ...provenance,
    ...passes,
  },
  {
    name: 'head pushed by an outsider',
    issue: elsewherePushed,
    input: pushedBy(outsider),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head pushed by a person with admin permission',
    issue: elsewherePushed,
    input: pushedBy(owner),
    ...provenance,
    ...passes,
  },
  {
    name: 'head pushed with the identity of the conductor and not in the log',
    issue: elsewherePushed,
    input: pushedBy(conductor),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head pushed by a person while the account of an Agent cannot be told',
    issue: elsewherePushed,
    input: { ...pushedBy(ada), permissions: new Map(), unaccounted: ['far-e'] },
    ...provenance,
    ...unread,
  },
  { name: 'another head was forwarded and the pusher is not known', issue: elsewherePushed, ...provenance, ...unread },
  {
    name: 'head pushed by a person with write permission',
    issue: elsewherePushed,
    input: pushedBy(ada),
    ...provenance,
    ...passes,
  },
  {
    name: 'head pushed by a person who may only read',
    issue: elsewherePushed,
    input: pushedBy(reader),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head pushed by somebody whose permission was not read',
    issue: elsewherePushed,
    input: pushedBy(stranger),
    ...provenance,
    ...unread,
  },
  {
    name: 'head pushed past the gateway with the identity of the developer Agent',
    issue: elsewherePushed,
    input: pushedBy(devE),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head pushed with the identity of the reviewer Agent',
    issue: elsewherePushed,
    input: pushedBy(reviewE),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
  {
    name: 'head pushed by a bot whose account may write',
    issue: elsewherePushed,
    input: pushedBy(bot),
    ...provenance,
    state: 'fail',
    reason: 'HeadNotForwarded',
  },
];
