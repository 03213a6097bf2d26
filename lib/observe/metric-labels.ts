import type { MetricLabel, MetricProgram } from './metric-types.ts';

export const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
export const SLOW = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
export const TASK = [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200];

export const OPERATOR: readonly MetricProgram[] = ['operator'];
export const PROXY: readonly MetricProgram[] = ['proxy'];
export const EGRESS: readonly MetricProgram[] = ['egress'];
export const VERIFIER: readonly MetricProgram[] = ['verifier'];
export const CONTROLLING: readonly MetricProgram[] = ['operator', 'verifier'];
export const SERVING: readonly MetricProgram[] = ['operator', 'proxy', 'verifier'];

export const controller: MetricLabel = {
  is: 'the controller',
  values: ['issue', 'agent-task', 'agent', 'repository', 'approval', 'tierpolicy', 'check'],
};
export const kind: MetricLabel = {
  is: 'the kind',
  values: ['Repository', 'Agent', 'Issue', 'AgentTask', 'Job', 'Approval', 'TierPolicy'],
};
export const model: MetricLabel = { is: "the model's id as the provider answered it", atMost: 50 };
export const sink: MetricLabel = { is: 'the name of the sink', atMost: 50 };
export const taskKind: MetricLabel = {
  is: 'the kind of task',
  values: ['implement', 'rework', 'review', 'prepare', 'plan'],
};
export const effect: MetricLabel = {
  is: 'the kind of write',
  values: [
    'issue',
    'pull-request',
    'pull-request-text',
    'close-pull-request',
    'close-issue',
    'reopen-issue',
    'comment',
    'review',
    'thread-reply',
    'thread',
    'merge',
    'head',
  ],
};
export const delivery: MetricLabel = {
  is: 'the event as the forge names it',
  values: [
    'check_run',
    'check_suite',
    'issue_comment',
    'issues',
    'ping',
    'pull_request',
    'pull_request_review',
    'pull_request_review_comment',
    'pull_request_review_thread',
    'push',
    'repository',
    'status',
  ],
};

/** Why a head may not be merged yet, as the gate's reasons name it. */
export const refusal: MetricLabel = {
  is: 'the reason of the first row of the gate that does not pass',
  values: [
    'PullRequestClosed',
    'Merged',
    'Draft',
    'ForkHead',
    'WrongBase',
    'WrongHeadRef',
    'HeadNotForwarded',
    'ClosingReferenceMissing',
    'ClosingReferenceForeign',
    'SkipMarker',
    'ChecksMissing',
    'ChecksPending',
    'ChecksFailed',
    'ChecksShared',
    'ReviewMissing',
    'ReviewStale',
    'ReviewByAuthor',
    'ChangesRequested',
    'ThreadsOpen',
    'Blocked',
    'Conflict',
    'MergeabilityPending',
    'NotMergeable',
    'MergeQueued',
    'MergeQueueRequired',
    'BaseBehind',
    'IrreversibleTier',
    'TierRaised',
    'NoTierPolicy',
    'StaleGeneration',
    'AttestorMissing',
    'SloMissing',
    'SloUnknown',
    'SloBreached',
    'ErrorBudgetDepleted',
    'ErrorBudgetBurning',
    'GateNotEnforced',
    'ApprovalCheckMissing',
    'ApprovalCheckPending',
    'ApprovalCheckRefused',
    'HeadMoved',
    'MergeRefused',
    'FactUnknown',
    'FactStale',
  ],
};
