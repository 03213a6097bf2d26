import type { AgentRef, EventData, StoredEvent, Tier } from '../events/catalogue.ts';
import type { Substance } from './substance.ts';

/** Why a change had to be taken back: git shows its inverse, its canary or its checks failed, a person said so. */
export type RollbackCause = 'revert' | 'canary' | 'check' | 'fault';

/** One thing that an Issue got merged, from its first claim on, as far as its log tells. Moments in ms. */
export interface Change {
  /** 1 for the first change of the Issue. */
  readonly ordinal: number;
  /** Agents that pushed to it. */
  readonly agents: readonly AgentRef[];
  /** Models that answered for it, as they named themselves, each with the moment it was first told of. */
  readonly models: Readonly<Record<string, number>>;
  /** A person let it be dispatched above the ceiling. */
  readonly byPerson: boolean;
  /** When a person pushed to it or asked for a change, first; null where none did. */
  readonly reworkedAt: number | null;
  /** Heads of which it is not known who pushed them. */
  readonly strayHeads: readonly string[];
  readonly forwarded: readonly string[];
  /**
   * The first head that its work was begun or built on, and that the gateway had not forwarded and nobody is known to have pushed: forwarding that
   * very head later does not make it the Agent's. Null where there is none.
   */
  readonly strayStart: string | null;
  /** The class that the issue was graded as. */
  readonly issueClass: string | null;
  readonly mergedAt: number | null;
  readonly mergeSHA: string | null;
  readonly pullRequest: number | null;
  readonly productionAt: number | null;
  /** The revision that is checked is the change itself, and nothing that came after it. */
  readonly alone: boolean;
  readonly disturbedAt: number;
  /** When it was told to have used up the error budget, first; null where it was not. */
  readonly depletedAt: number | null;
  readonly doneAt: number | null;
  readonly measured: {
    readonly tier: Tier | null;
    readonly taskClass: string | null;
    readonly substance: Substance;
  } | null;
  /** When it was first taken back, by cause. */
  readonly rollbacks: Readonly<Partial<Record<RollbackCause, number>>>;
  /** What a person is asked of it; null where nothing is open. */
  readonly question: string | null;
  /** Commits about which a person was asked. */
  readonly asked: readonly string[];
}

/** A model answered for an Agent; `at` in ms. */
export interface Answer {
  readonly agent: AgentRef;
  readonly model: string;
  readonly at: number;
}

/** What an Issue's log says to the ledger. */
export interface History {
  readonly version: number;
  /** An agent filed it: said once, it stays so. */
  readonly byAgent: boolean;
  /** The first parent that it was ever given. */
  readonly parent: string | null;
  readonly changes: readonly Change[];
  /** The change that each task worked for, by task, with its Agent. */
  readonly tasks: Readonly<
    Record<string, { readonly ordinal: number; readonly agent: AgentRef; readonly work: boolean }>
  >;
  readonly agent: AgentRef | null;
  /** When each model first answered for each Agent that worked on it, by Agent and model. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** The class that the issue was graded as last. */
  readonly taskClass: string | null;
  /** Acts of people that are in the log, by id. */
  readonly acts: readonly string[];
}

export const noHistory: History = {
  version: 0,
  byAgent: false,
  parent: null,
  changes: [],
  tasks: {},
  agent: null,
  answers: {},
  taskClass: null,
  acts: [],
};

const fresh = (ordinal: number): Change => ({
  ordinal,
  agents: [],
  models: {},
  byPerson: false,
  reworkedAt: null,
  strayHeads: [],
  forwarded: [],
  strayStart: null,
  issueClass: null,
  mergedAt: null,
  mergeSHA: null,
  pullRequest: null,
  productionAt: null,
  alone: false,
  disturbedAt: 0,
  depletedAt: null,
  doneAt: null,
  measured: null,
  rollbacks: {},
  question: null,
  asked: [],
});

/** What the ledger knows of an Issue after one more event. Total; an event that is there already changes nothing. */
export function evolveHistory(history: History, event: StoredEvent): History {
  if (event.version <= history.version) return history;
  return { ...told(history, event), version: event.version };
}

function told(history: History, event: StoredEvent): History {
  switch (event.type) {
    case 'ISSUE_FILED':
    case 'ISSUE_EDITED':
    case 'ISSUE_REOPENED': {
      const { source, parent } = event.data.spec;
      const wished = { ...history, byAgent: history.byAgent || source === 'agent', parent: history.parent ?? parent };
      return event.type === 'ISSUE_REOPENED' ? after(wished, event) : wished;
    }
    case 'ISSUE_CLASSIFIED':
      return { ...history, taskClass: event.data.taskClass };
    case 'ISSUE_ASSIGNED':
      return latest({ ...begun(history), agent: event.data.agent }, (change) => ({
        ...change,
        issueClass: history.taskClass,
      }));
    case 'TASK_DISPATCHED': {
      const { task, agent, lane } = event.data;
      const entry = { ordinal: history.changes.length, agent, work: lane === 'work' };
      return { ...history, tasks: { ...history.tasks, [task]: entry } };
    }
    case 'TOKENS_USED':
      return answered(history, event.data, event.at);
    case 'TRUST_FAULTED':
      return acted(history, event.data, (change) => ({ ...rolledBack(change, 'fault', event.at), question: null }));
    case 'TRUST_CLEARED':
      return acted(history, event.data, (change) => ({ ...change, question: null, rollbacks: unfaulted(change) }));
    case 'CHANGE_MEASURED': {
      const { tier, taskClass, substance } = event.data;
      return about(history, event.data.mergeSHA, (change) => ({ ...change, measured: { tier, taskClass, substance } }));
    }
    case 'SLO_BUDGET_DEPLETED':
      return about(history, event.data.mergeSHA, (change) => ({
        ...change,
        depletedAt: change.depletedAt ?? event.at,
      }));
    case 'CHANGE_REVERTED':
      return about(history, event.data.mergeSHA, (change) => rolledBack(change, 'revert', event.at));
    case 'REVERT_QUESTIONED':
      return about(history, event.data.mergeSHA, (change) => questioned(change, event.data));
    default:
      return latest(history, (change) => changed(change, event, history));
  }
}

/** A claim that is taken after a merge begins another change. */
function begun(history: History): History {
  const last = history.changes.at(-1);
  if (last !== undefined && last.mergedAt === null) return history;
  return { ...history, changes: [...history.changes, fresh(history.changes.length + 1)] };
}

function latest(history: History, update: (change: Change) => Change): History {
  const last = history.changes.at(-1);
  if (last === undefined) return history;
  const next = update(last);
  return next === last ? history : { ...history, changes: [...history.changes.slice(0, -1), next] };
}

function about(history: History, mergeSHA: string, update: (change: Change) => Change): History {
  return {
    ...history,
    changes: history.changes.map((change) => (change.mergeSHA === mergeSHA ? update(change) : change)),
  };
}

function acted(history: History, said: { mergeSHA: string; act: string }, update: (change: Change) => Change): History {
  if (history.acts.includes(said.act)) return history;
  return about({ ...history, acts: [...history.acts, said.act] }, said.mergeSHA, update);
}

function answered(history: History, { task, model }: { task: string; model: string }, at: number): History {
  const { ordinal, work, agent } = history.tasks[task] ?? {};
  if (ordinal === undefined || agent === undefined || !work) return history;
  const pair = `${agent.uid}/${model}`;
  const answers = Object.hasOwn(history.answers, pair)
    ? history.answers
    : { ...history.answers, [pair]: { agent, model, at } };
  const changes = history.changes.map((change) =>
    change.ordinal === ordinal && !Object.hasOwn(change.models, model)
      ? { ...change, models: { ...change.models, [model]: at } }
      : change,
  );
  return { ...history, answers, changes };
}

/** What an event says of the change that is worked on, or was merged last. */
function changed(change: Change, event: StoredEvent, { agent }: History): Change {
  switch (event.type) {
    case 'APPROVAL_USED':
      return event.data.scope === 'dispatch' ? { ...change, byPerson: true } : change;
    case 'WORK_CONTINUED':
      return continued(change, event.data, event.at);
    case 'HEAD_FORWARDED':
      return forwarded(builtOn(change, event.data.from), event.data.to, agent);
    case 'PR_UPDATED':
      return pushed(change, event.data, event.at);
    case 'REVIEW_DISPUTED': {
      const { by, machine } = event.data;
      return machine === true || by.kind === 'bot' ? change : reworked(change, event.at);
    }
    case 'MERGED':
      return change.mergedAt === null ? merged(change, event.data, event.at) : change;
    default:
      return change.mergedAt === null ? change : delivered(change, event);
  }
}

/** What an attempt goes on from is its Agent's own where the gateway had forwarded it, and else somebody's push. */
function continued(
  change: Change,
  { headSHA, forwarded, by, machine }: EventData<'WORK_CONTINUED'>,
  at: number,
): Change {
  if (forwarded) return change;
  return by?.kind === 'user' && machine !== true ? reworked(change, at) : strayed(change, headSHA);
}

/** The branch was at a head that came another way when the gateway moved it on. */
function builtOn(change: Change, from: string | null): Change {
  return from === null || change.forwarded.includes(from) ? change : strayed(change, from);
}

function strayed(change: Change, head: string): Change {
  return change.mergedAt === null ? { ...change, strayStart: change.strayStart ?? head } : change;
}

function forwarded(change: Change, to: string, agent: AgentRef | null): Change {
  const known = agent === null || change.agents.some(({ uid }) => uid === agent.uid);
  return {
    ...change,
    agents: known ? change.agents : [...change.agents, agent],
    forwarded: [...change.forwarded, to],
    strayHeads: change.strayHeads.filter((head) => head !== to),
  };
}

function pushed(
  change: Change,
  { by, machine, headSHA }: { by: { kind: 'user' | 'bot' } | null; machine?: true; headSHA: string },
  at: number,
): Change {
  if (machine === true || change.forwarded.includes(headSHA)) return change;
  if (by === null || by.kind === 'bot') return { ...change, strayHeads: [...change.strayHeads, headSHA] };
  return reworked(change, at);
}

/** A head that is merged before anybody saw who pushed it is nobody's. */
function merged(change: Change, { number, headSHA, mergeSHA }: EventData<'MERGED'>, at: number): Change {
  const strayHeads = change.forwarded.includes(headSHA) ? change.strayHeads : [...change.strayHeads, headSHA];
  return { ...change, mergedAt: at, mergeSHA, pullRequest: number, strayHeads };
}

function reworked(change: Change, at: number): Change {
  return change.mergedAt === null ? { ...change, reworkedAt: change.reworkedAt ?? at } : change;
}

/** What became of a merged change. */
function delivered(change: Change, event: StoredEvent): Change {
  switch (event.type) {
    case 'DEPLOYED_PRODUCTION':
      return { ...change, productionAt: event.at, alone: event.data.revision === change.mergeSHA };
    case 'ROLLED_BACK':
      return { ...change, productionAt: null, doneAt: null, disturbedAt: event.at };
    case 'SMOKE_FAILED':
    case 'E2E_FAILED':
    case 'A11Y_FAILED':
      return event.data.infrastructure ? change : { ...change, disturbedAt: event.at };
    case 'HUMAN_GATE_TRIGGERED':
      return givenUp(change, event.data, event.at);
    case 'CANARY_ABORTED':
      return rolledBack({ ...change, productionAt: null, doneAt: null, disturbedAt: event.at }, 'canary', event.at);
    case 'ISSUE_DONE':
      return { ...change, doneAt: event.at };
    default:
      return change;
  }
}

/** The conductor takes the issue up again: what it had got merged did not live. */
function after(history: History, event: Extract<StoredEvent, { type: 'ISSUE_REOPENED' }>): History {
  const { reason, message = '' } = event.data;
  if (reason === undefined) return history;
  return latest(history, (change) =>
    change.mergedAt === null ? change : givenUp(change, { reason, message }, event.at),
  );
}

/**
 * The change did not live. Failed checks are its own fault where it alone is what they ran against; where later changes were live with it, or an
 * older revision took its place, only a person can tell.
 */
function givenUp(change: Change, { reason, message }: { reason: string; message: string }, at: number): Change {
  if (reason !== 'CheckFailed' && reason !== 'RolledBack') return change;
  if (reason === 'CheckFailed' && change.alone) return { ...rolledBack(change, 'check', at), doneAt: null };
  return { ...change, doneAt: null, question: change.question ?? message };
}

function questioned(change: Change, { by, message }: { by: string; message: string }): Change {
  return { ...change, question: message, asked: [...change.asked, by] };
}

function rolledBack(change: Change, cause: RollbackCause, at: number): Change {
  return { ...change, rollbacks: { [cause]: at, ...change.rollbacks } };
}

function unfaulted({ rollbacks }: Change): Change['rollbacks'] {
  const { fault: _, ...others } = rollbacks;
  return others;
}
