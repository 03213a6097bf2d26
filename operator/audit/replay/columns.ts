/** How a projection is compared: by these columns; the others do not follow from events, each for its reason. */
export interface Comparison {
  readonly table: 'claims' | 'tasks';
  readonly key: readonly string[];
  readonly columns: readonly string[];
  readonly apart: Readonly<Record<string, string>>;
}

export const comparisons: readonly Comparison[] = [
  {
    table: 'claims',
    key: ['id'],
    columns: ['subject', 'lane', 'agent_name', 'agent_uid', 'attempt', 'claimed_at', 'ended_at', 'end_reason'],
    apart: {},
  },
  {
    table: 'tasks',
    key: ['namespace', 'name'],
    columns: [
      'subject',
      'claim',
      'lane',
      'kind',
      'agent_name',
      'agent_uid',
      'attempt',
      'round',
      'epoch',
      'sequence',
      'head_sha',
      'dispatched_at',
      'ended_at',
      'ending',
      'reason',
      'message',
      'tokens',
    ],
    apart: {
      deadline: 'the dispatch plus RIG_TASK_DEADLINE_SECONDS as it was set then',
      started_at: 'when the pod was first heard of, which is before WORK_STARTED',
      seen_at: 'the last heartbeat',
      pod_uid: 'the pod that exchanged its token',
      pod_name: 'the pod that exchanged its token',
      node: 'the node of that pod',
      client: 'the name that a pulling client gave itself',
    },
  },
];

/** Columns of `queue` that follow from the issue's events; the others are of the world when it was decided. */
export const QUEUE = {
  columns: ['namespace', 'issue', 'priority', 'filed_at'],
  apart: {
    subject: 'its key',
    version: 'where the stream stood when it was decided',
    candidates: 'Agents that fitted then',
    stack: 'what the base commit said then',
    message: 'the sentence for the person who waits',
    enqueued_at: 'when it was decided',
  },
} as const;

/** Fields of each kind's status: compared, or apart for a reason. */
export const STATUSES = {
  Issue: {
    compared: [
      'phase',
      'number',
      'url',
      'issueTier',
      'effectiveTier',
      'tierReason',
      'taskClass',
      'assignedTo',
      'attempts',
      'branch',
      'pullRequest',
      'escalation',
      'plan',
      'preparation',
    ],
    apart: {
      why: 'decided on forge, Agents and clock at the moment; compared once the issue has ended',
      gates: 'decided on what the forge showed and on whose accounts the Agents have',
      conditions: 'decided at the moment; the status of Merged and Done is compared',
      observedGeneration: 'the spec that was last looked at',
      costUSD: 'not projected',
    },
  },
  AgentTask: {
    compared: ['phase', 'job', 'finishedAt', 'outcome', 'tokens'],
    apart: {
      pod: 'of the row of tasks as it is',
      startedAt: 'of the row of tasks as it is',
      client: 'of the row of tasks as it is',
      conditions: 'the same in words, and why a pod does not start',
      observedGeneration: 'the spec that was last looked at',
      node: 'of the row of tasks as it is',
      costUSD: 'not projected',
    },
  },
  Agent: {
    compared: ['running'],
    apart: {
      conditions: 'of its spec and its Secrets',
      observedGeneration: 'the spec that was last looked at',
      observedModels: 'not projected',
      ceilings: 'of the ledger, line by line, which is compared itself',
      trust: 'what was said last on the object',
      spentTodayUSD: 'not projected',
    },
  },
  Repository: {
    compared: ['issues'],
    apart: {
      forge: 'what the forge said it is',
      webhook: 'what arrived of it',
      lastSyncedAt: 'when its forge was last listed',
      lastHandledSync: 'which asking for a listing was answered',
      enforcement: "the forge's ruleset as it was read",
      conditions: 'of the forge, its credentials and its deliveries',
      observedGeneration: 'the spec that was last looked at',
    },
  },
} as const;
