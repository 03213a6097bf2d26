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

/** Columns of `queue` that follow from the events; the others are of the world when it was decided. */
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
