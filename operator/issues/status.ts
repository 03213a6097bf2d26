import type { Issue, IssueStatus } from '#crds';
import { type Action, type GateDecision, type IssueState, phaseOf, projectIssue } from '#domain';
import { type Condition, cutText, setCondition, setVerdict, type Verdict } from '#lib/kube';

/** Longest sentence of a gate, as the CRD has it. */
const SENTENCE_LIMIT = 512;
const GATE_STATES = { pass: 'Passed', wait: 'Waiting', fail: 'Failed', unknown: 'Unknown' } as const;

/** What a projection of an issue is made from. */
export interface Projected {
  readonly state: IssueState;
  readonly next: Action;
  /** Null before there is a pull request to decide on. */
  readonly gate: GateDecision | null;
  readonly url: string | null;
  readonly now: number;
}

/** The whole status of an Issue, from its log and the next action. Times move only with what they date. */
export function statusOf(issue: Issue, projected: Projected): IssueStatus {
  const { state, next, gate, url, now } = projected;
  const generation = issue.metadata.generation ?? 1;
  const stamp = { generation, now: new Date(now) };
  let conditions = setVerdict(issue.status?.conditions as Condition[] | undefined, verdictOf(state, next), stamp);
  const merged = state.merged !== null;
  conditions = setCondition(
    conditions,
    {
      type: 'Merged',
      status: merged ? 'True' : 'False',
      reason: merged ? 'Merged' : 'NotMerged',
      message: merged ? `Merged as ${state.merged?.sha}.` : next.message,
    },
    stamp,
  );
  const done = state.ending?.kind === 'Done';
  conditions = setCondition(
    conditions,
    { type: 'Done', status: done ? 'True' : 'False', reason: done ? 'Done' : 'NotDone', message: next.message },
    stamp,
  );
  return {
    ...projectIssue(state, next, url),
    observedGeneration: generation,
    ...(gate === null ? {} : { gates: gatesOf(issue, gate, stamp.now) }),
    conditions: conditions as IssueStatus['conditions'],
  };
}

function verdictOf(state: IssueState, next: Action): Verdict {
  const { reason, message } = next;
  switch (phaseOf(state)) {
    case 'Done':
      return { state: 'Ready', reason: 'Done', message };
    case 'Failed':
    case 'Cancelled':
    case 'AwaitingHuman':
      return { state: 'Stalled', reason, message };
    default:
      return {
        state: 'Reconciling',
        reason,
        message,
        ready: reason === 'RepositoryNotReady' || reason === 'RepositoryMissing' ? 'False' : 'True',
      };
  }
}

function gatesOf(issue: Issue, gate: GateDecision, now: Date): IssueStatus['gates'] {
  return gate.results.map((row) => {
    const state = GATE_STATES[row.state];
    const before = issue.status?.gates?.find((one) => one.name === row.gate);
    const since =
      before?.state === state && before.reason === row.reason
        ? before.since
        : now.toISOString().replace(/\.\d+Z$/, 'Z');
    return { name: row.gate, state, reason: row.reason, since, message: cutText(row.message, SENTENCE_LIMIT) };
  });
}
