import { pullRequest } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const { complete } = pullRequest();
const passes = { state: 'pass', reason: 'Passed' } as const;
const unread = { state: 'unknown', reason: 'FactUnknown' } as const;

/** Labels, mergeability, grade and freshness. */
export const stateCases: readonly GateCase[] = [
  { name: 'no blocking label on it', gate: 'labels', ...passes },
  {
    name: 'a blocking label',
    pr: { labels: ['bug', 'do-not-merge'] },
    gate: 'labels',
    state: 'fail',
    reason: 'Blocked',
  },
  {
    name: 'a blocking label in other letters',
    pr: { labels: ['Do-Not-Merge'] },
    gate: 'labels',
    state: 'fail',
    reason: 'Blocked',
  },
  {
    name: 'a blocking label that the Repository writes in capitals',
    pr: { labels: ['hold'] },
    repository: { blockLabels: ['HOLD'] },
    gate: 'labels',
    state: 'fail',
    reason: 'Blocked',
  },
  {
    name: 'a label that only begins like a blocking one',
    pr: { labels: ['do-not-merge-before-lunch'] },
    gate: 'labels',
    ...passes,
  },
  {
    name: 'no label at all, and none blocks',
    pr: { labels: [] },
    repository: { blockLabels: [] },
    gate: 'labels',
    ...passes,
  },
  {
    name: 'the pages of labels were not all read',
    pr: { complete: { ...complete, labels: false } },
    gate: 'labels',
    ...unread,
  },

  { name: 'it merges and contains the tip of the base', gate: 'mergeable', ...passes },
  {
    name: 'the forge is still computing whether it merges',
    pr: { mergeable: 'unknown' },
    gate: 'mergeable',
    state: 'unknown',
    reason: 'MergeabilityPending',
  },
  {
    name: 'it conflicts with the base',
    pr: { mergeable: 'conflicting' },
    gate: 'mergeable',
    state: 'fail',
    reason: 'Conflict',
  },
  {
    name: 'it conflicts with the base at T0',
    pr: { mergeable: 'conflicting' },
    issue: { tier: 'T0' },
    gate: 'mergeable',
    state: 'fail',
    reason: 'Conflict',
  },
  {
    name: 'it is behind the base at T1',
    pr: { containsBase: false },
    gate: 'mergeable',
    state: 'fail',
    reason: 'BaseBehind',
  },
  {
    name: 'it is behind the base at T2',
    pr: { containsBase: false },
    issue: { tier: 'T2' },
    gate: 'mergeable',
    state: 'fail',
    reason: 'BaseBehind',
  },
  {
    name: 'it is behind the base at T0',
    pr: { containsBase: false },
    issue: { tier: 'T0' },
    gate: 'mergeable',
    ...passes,
  },
  {
    name: 'it is behind the base and nothing graded it',
    pr: { containsBase: false },
    issue: { tier: null },
    gate: 'mergeable',
    state: 'fail',
    reason: 'BaseBehind',
  },
  { name: 'whether it contains the base at T1 is not known', pr: { containsBase: null }, gate: 'mergeable', ...unread },
  {
    name: 'whether it contains the base at T0 is not known',
    pr: { containsBase: null },
    issue: { tier: 'T0' },
    gate: 'mergeable',
    ...passes,
  },

  {
    name: 'the base takes changes through a merge queue alone',
    pr: { mergeQueue: 'required' },
    gate: 'mergeable',
    state: 'fail',
    reason: 'MergeQueueRequired',
  },
  {
    name: 'the base takes changes through a merge queue alone, and the forge still computes whether the change merges',
    pr: { mergeQueue: 'required', mergeable: 'unknown' },
    gate: 'mergeable',
    state: 'fail',
    reason: 'MergeQueueRequired',
  },
  {
    name: 'it is in the merge queue',
    pr: { mergeQueue: 'entered' },
    gate: 'mergeable',
    state: 'wait',
    reason: 'MergeQueued',
  },
  {
    name: 'it is in the merge queue and conflicts with the base',
    pr: { mergeQueue: 'entered', mergeable: 'conflicting' },
    gate: 'mergeable',
    state: 'fail',
    reason: 'Conflict',
  },
  {
    name: 'whether the base has a merge queue is not known',
    pr: { mergeQueue: 'unknown' },
    gate: 'mergeable',
    ...unread,
  },
  {
    name: 'whether the base has a merge queue is not known at T0',
    pr: { mergeQueue: 'unknown' },
    issue: { tier: 'T0' },
    gate: 'mergeable',
    ...unread,
  },
  {
    name: 'the forge is still computing whether it merges at T0',
    pr: { mergeable: 'unknown' },
    issue: { tier: 'T0' },
    gate: 'mergeable',
    state: 'unknown',
    reason: 'MergeabilityPending',
  },

  { name: 'the tier is below what only a person merges', gate: 'tier', ...passes },
  {
    name: 'nothing grades the work',
    input: { tierGate: { gate: 'tier', state: 'fail', reason: 'NoTierPolicy', message: 'Nothing grades it.' } },
    gate: 'tier',
    state: 'fail',
    reason: 'NoTierPolicy',
  },
  {
    name: 'graded irreversible',
    input: { tierGate: { gate: 'tier', state: 'fail', reason: 'IrreversibleTier', message: 'Graded T3.' } },
    gate: 'tier',
    state: 'fail',
    reason: 'IrreversibleTier',
  },

  {
    name: 'the grade could not be read',
    input: { tierGate: { gate: 'tier', state: 'unknown', reason: 'FactUnknown', message: 'No answer.' } },
    gate: 'tier',
    ...unread,
  },

  { name: 'made for the wish as it stands', gate: 'freshness', ...passes },
  {
    name: 'the issue was edited after the change was made',
    issue: { wishGeneration: 2 },
    gate: 'freshness',
    state: 'fail',
    reason: 'StaleGeneration',
  },
  {
    name: 'made for a wish newer than the one recorded',
    issue: { workGeneration: 2 },
    gate: 'freshness',
    state: 'fail',
    reason: 'StaleGeneration',
  },
  { name: 'no work claim was ever made', issue: { workGeneration: null }, gate: 'freshness', ...passes },
];
