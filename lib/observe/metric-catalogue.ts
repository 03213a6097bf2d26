import {
  CONTROLLING,
  controller,
  delivery,
  EGRESS,
  effect,
  FAST,
  kind,
  model,
  OPERATOR,
  PROXY,
  refusal,
  SERVING,
  SLOW,
  sink,
  TASK,
  taskKind,
  VERIFIER,
} from './metric-labels.ts';
import type { MetricDefinition } from './metric-types.ts';

/**
 * Every metric. No label names an object (an issue, a task, a repository): what happened to one of them is in the log of events.
 * A name that was once used is never given another meaning.
 */
export const metricCatalogue = {
  rig_leader: { type: 'gauge', of: CONTROLLING, help: '1 while this replica leads, else 0.' },
  rig_leader_epoch: { type: 'gauge', of: CONTROLLING, help: 'The epoch this replica leads in; 0 while it does not.' },
  rig_queue_keys: {
    type: 'gauge',
    of: CONTROLLING,
    help: "Objects in a controller's queue.",
    labels: { controller, state: { is: 'where they are', values: ['ready', 'delayed', 'processing'] } },
  },
  rig_queue_wait_seconds: {
    type: 'histogram',
    of: CONTROLLING,
    help: 'How long an object was ready before a worker took it.',
    labels: { controller },
    buckets: FAST,
  },
  rig_queue_retries_total: {
    type: 'counter',
    of: CONTROLLING,
    help: 'Objects put back with a growing pause because their reconcile failed.',
    labels: { controller },
  },
  rig_reconcile_seconds: {
    type: 'histogram',
    of: CONTROLLING,
    help: 'How long one reconcile worked.',
    labels: { controller },
    buckets: SLOW,
  },
  rig_reconciles_total: {
    type: 'counter',
    of: CONTROLLING,
    help: 'Reconciles by how they ended; Retry, Stalled and Terminal are errors.',
    labels: {
      controller,
      outcome: {
        is: 'how it ended',
        values: ['Done', 'Waiting', 'Stalled', 'Terminal', 'Retry', 'Aborted'],
      },
    },
  },
  rig_watch_restarts_total: {
    type: 'counter',
    of: CONTROLLING,
    help: 'Lists and watches of the API server that broke and were begun again.',
    labels: { kind },
  },
  rig_cached_objects: {
    type: 'gauge',
    of: CONTROLLING,
    help: 'Objects in the caches.',
    labels: { kind },
  },
  rig_kube_events_dropped_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Kubernetes Events that were not written because there were too many.',
  },
  rig_deliveries_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Webhook deliveries: first how they were received, then what became of those that were stored.',
    labels: {
      event: delivery,
      outcome: {
        is: '`stored`, `duplicate`, `refused` on receipt; `applied`, `ignored`, `postponed`, `failed` later',
        values: ['stored', 'duplicate', 'refused', 'applied', 'ignored', 'postponed', 'failed'],
      },
    },
  },
  rig_delivery_seconds: {
    type: 'histogram',
    of: OPERATOR,
    help: 'From the receipt of a delivery until it was applied.',
    buckets: SLOW,
  },
  rig_deliveries_waiting: { type: 'gauge', of: OPERATOR, help: 'Deliveries stored and not yet settled.' },
  rig_delivery_lag_seconds: { type: 'gauge', of: OPERATOR, help: 'Age of the oldest delivery not yet settled.' },
  rig_issues: {
    type: 'gauge',
    of: OPERATOR,
    help: 'Issues by phase.',
    labels: {
      phase: {
        is: 'the phase',
        values: [
          'Pending',
          'Queued',
          'Planning',
          'AwaitingHuman',
          'Implementing',
          'InReview',
          'Merging',
          'Deploying',
          'Done',
          'Failed',
          'Cancelled',
        ],
      },
    },
  },
  rig_issues_queued: { type: 'gauge', of: OPERATOR, help: 'Issues that wait for an Agent with free concurrency.' },
  rig_claims_live: {
    type: 'gauge',
    of: OPERATOR,
    help: 'Claims that have not ended.',
    labels: { lane: { is: 'the lane', values: ['work', 'review'] } },
  },
  rig_tasks_live: { type: 'gauge', of: OPERATOR, help: 'Tasks that have not ended.', labels: { kind: taskKind } },
  rig_task_seconds: {
    type: 'histogram',
    of: OPERATOR,
    help: 'From the dispatch of a task to its end.',
    labels: {
      kind: taskKind,
      ending: { is: 'how it ended', values: ['succeeded', 'failed', 'lost', 'cancelled', 'stuck', 'asked'] },
    },
    buckets: TASK,
  },
  rig_gate_refusals_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Heads that the merge gate newly refused.',
    labels: { reason: refusal },
  },
  rig_slo_answers_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Answers of Prometheus to what Repositories ask about production; anything but `Number` is never success.',
    labels: {
      outcome: {
        is: 'what the answer was',
        values: [
          'Number',
          'NoData',
          'SeveralSeries',
          'NotANumber',
          'Stale',
          'Partial',
          'Refused',
          'Unreadable',
          'Unreachable',
        ],
      },
    },
  },
  rig_slo_questions_seconds: {
    type: 'histogram',
    of: OPERATOR,
    help: 'How long all questions of one Repository took together.',
    buckets: FAST,
  },
  rig_forge_calls_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Answers of the forge, repeats and redirects included.',
    labels: {
      method: { is: 'the HTTP method', values: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] },
      status: { is: 'the class of the status', values: ['2xx', '3xx', '4xx', '5xx'] },
    },
  },
  rig_trusted_root_end_timestamp_seconds: {
    type: 'gauge',
    of: OPERATOR,
    help: 'Unix time from which on the trusted root verifies nothing that is signed anew; 0 where it has no end, or cannot be read.',
  },
  rig_forge_rate_limit_remaining: {
    type: 'gauge',
    of: OPERATOR,
    help: "Calls left of the forge's rate limit, as the newest answer told; the lowest of all identities is what matters.",
    labels: { resource: { is: 'the limit', values: ['core', 'search', 'graphql'] } },
  },
  rig_forge_limited_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Calls that were not sent, because the forge asked to wait or because the last calls of an hour are kept for writes.',
    labels: { limit: { is: 'what held it back', values: ['primary', 'secondary', 'reserve'] } },
  },
  rig_effects_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Writes to a forge by what became of the attempt; `known` found an outcome that was there already.',
    labels: {
      kind: effect,
      outcome: { is: 'what became of it', values: ['succeeded', 'refused', 'notPerformed', 'unknown', 'known'] },
    },
  },
  rig_effect_seconds: {
    type: 'histogram',
    of: OPERATOR,
    help: 'How long a write to a forge took, locks and looking for it included.',
    labels: { kind: effect },
    buckets: SLOW,
  },
  rig_events_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Events appended to the log.',
    labels: { type: { is: 'the type in the catalogue of events', atMost: 128 } },
  },
  rig_event_append_seconds: {
    type: 'histogram',
    of: OPERATOR,
    help: 'How long one append to the log took.',
    buckets: FAST,
  },
  rig_event_conflicts_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Appends that another writer of the same stream came before.',
  },
  rig_outbox_lag_seconds: {
    type: 'gauge',
    of: OPERATOR,
    help: "Age of the oldest row of a program's outbox that is no event yet; 0 also while the program has never run.",
    labels: { program: { is: 'whose outbox', values: ['proxy', 'egress'] } },
  },
  rig_git_copies: {
    type: 'gauge',
    of: CONTROLLING,
    help: 'Copies of git repositories on the disk of this replica; counted every hour.',
  },
  rig_git_copies_bytes: {
    type: 'gauge',
    of: CONTROLLING,
    help: 'Bytes that they take on it, what is being pushed or read included; measured every hour.',
  },
  rig_git_upkeep_total: {
    type: 'counter',
    of: CONTROLLING,
    help: 'What became of them in the rounds of every hour that keep them small.',
    labels: {
      outcome: {
        is: '`copyRemoved` that nothing names any more, `refLetGo` that nobody asked for, `objectsPruned` of one copy, `leftoverRemoved` of a process that died, `brokenRemoved` to be made again, `failed` and tried again',
        values: ['copyRemoved', 'refLetGo', 'objectsPruned', 'leftoverRemoved', 'brokenRemoved', 'failed'],
      },
    },
  },
  rig_notices_total: {
    type: 'counter',
    of: OPERATOR,
    help: 'Notices to people by what became of the attempt; one that was refused is tried again.',
    labels: { sink, outcome: { is: 'what became of it', values: ['taken', 'refused'] } },
  },
  rig_notices_waiting: {
    type: 'gauge',
    of: OPERATOR,
    help: 'Notices that a sink has not taken yet.',
    labels: { sink },
  },
  rig_notice_lag_seconds: {
    type: 'gauge',
    of: OPERATOR,
    help: 'Age of the oldest notice that a sink has not taken; alert on it, for it says that people are not told.',
    labels: { sink },
  },
  rig_database_behind: {
    type: 'gauge',
    of: OPERATOR,
    help: '1 while the database is older than what was done already, or that is not known, and nothing is done on its word; else 0.',
  },
  rig_database_mark_age_seconds: {
    type: 'gauge',
    of: OPERATOR,
    help: 'Age of the mark outside the database that says how far it has come; 0 where none could be read.',
  },
  rig_tokens_total: {
    type: 'counter',
    of: PROXY,
    help: 'Tokens as the provider counted them.',
    labels: { model, type: { is: 'what they were', values: ['input', 'output', 'cacheRead', 'cacheWrite'] } },
  },
  rig_model_calls_total: {
    type: 'counter',
    of: PROXY,
    help: 'Calls of tasks to a model by what they got.',
    labels: {
      outcome: {
        is: 'the class of the status, `refused` by the proxy itself, or `unreachable`',
        values: ['2xx', '4xx', '5xx', 'refused', 'unreachable'],
      },
    },
  },
  rig_model_call_seconds: {
    type: 'histogram',
    of: PROXY,
    help: 'From the call until the answer was read to its end.',
    labels: { model },
    buckets: [0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320],
  },
  rig_egress_requests_total: {
    type: 'counter',
    of: EGRESS,
    help: 'What tasks asked to be let out to, by what became of it.',
    labels: {
      outcome: {
        is: '`Allowed`, or the code of the refusal',
        values: [
          'Allowed',
          'BadTarget',
          'Denied',
          'Ended',
          'Unauthenticated',
          'TooMany',
          'Unreachable',
          'Unavailable',
          'TimedOut',
        ],
      },
    },
  },
  rig_egress_connections: { type: 'gauge', of: EGRESS, help: 'Connections of tasks to the outside that are open.' },
  rig_check_reports_total: {
    type: 'counter',
    of: VERIFIER,
    help: 'Verdicts on heads of pull requests that the forge was told, each that is new.',
    labels: {
      state: { is: 'what was told', values: ['in_progress', 'success', 'failure', 'action_required'] },
    },
  },
  rig_http_request_seconds: {
    type: 'histogram',
    of: SERVING,
    help: 'How long a request took until its answer began.',
    labels: {
      route: { is: 'the route as it is declared, never the path', atMost: 60 },
      method: { is: 'the HTTP method, or other', atMost: 8 },
      status: { is: 'the class of the status', values: ['2xx', '3xx', '4xx', '5xx'] },
    },
    buckets: FAST,
  },
} as const satisfies Record<string, MetricDefinition>;

/** The name of a metric. */
export type MetricName = keyof typeof metricCatalogue;

/** The labels of a metric, each with its value. */
export type MetricLabels<N extends MetricName> = (typeof metricCatalogue)[N] extends { labels: infer L }
  ? { readonly [K in keyof L]: string }
  : Record<never, never>;

type Of<T extends MetricDefinition['type']> = {
  [N in MetricName]: (typeof metricCatalogue)[N]['type'] extends T ? N : never;
}[MetricName];
export type CounterName = Of<'counter'>;
export type GaugeName = Of<'gauge'>;
export type HistogramName = Of<'histogram'>;
