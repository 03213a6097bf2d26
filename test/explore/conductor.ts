import { reasons } from '#crds';
import { type Action, type DomainEvent, type IssueState, nextAttempt, nextRound, type World } from '#domain';
import { append, demand, grew } from './log.ts';
import { requireSoundMerge } from './oracle.ts';
import { policy, type Rules } from './rules.ts';
import { readWhole, type Step, type Strand, step } from './strand.ts';
import { type Busy, branchOf, NOW, running, worldOf } from './world.ts';

/** Decisions that one look may take; the whole life of an issue needs fewer. */
const MAX_DECISIONS = 40;

/** What one look of the conductor at the issue comes to. It looks at one issue once at a time, and decides in one transaction. */
export function look(rules: Rules, strand: Strand, busy: Busy): Step[] {
  if (strand.operation !== null || strand.wish === null) return [];
  let draft = append(rules, strand, rules.decideWish(strand.log, strand.wish));
  for (let taken = 0; taken < MAX_DECISIONS; taken += 1) {
    const world = worldOf(draft, draft.log, busy);
    const seen = rules.observe(draft.log, world, policy, NOW);
    const action = seen.length > 0 ? null : rules.nextAction(draft.log, world, policy, NOW);
    if (action !== null) requireReason(action);
    const decided = action === null ? seen : rules.decideAction(draft.log, action);
    if (decided === null) return perform(rules, strand, draft, world, action!, busy);
    draft = append(rules, draft, decided);
  }
  demand(false, 'RulesRest', 'the rules never rest: the same is decided again and again');
}

/** The action that a look comes to once all is written down; null while there is more to write, or the conductor is at work. */
export function restingAction(rules: Rules, strand: Strand, busy: Busy): Action | null {
  const world = worldOf(strand, strand.log, busy);
  if (strand.operation !== null || rules.observe(strand.log, world, policy, NOW).length > 0) return null;
  return rules.nextAction(strand.log, world, policy, NOW);
}

function requireReason({ do: what, reason, message }: Action): void {
  demand(Object.hasOwn(reasons, reason) && message !== '', 'EveryWaitSaysWhy', `the action ${what} says no reason`);
}

function perform(rules: Rules, before: Strand, draft: Strand, world: World, action: Action, busy: Busy): Step[] {
  if (action.do === 'enqueue') return claims(rules, before, draft, action, busy);
  // What was decided is in the log before anything outside is touched.
  if (grew(before, draft)) return [step(`conductor writes down what it decided (next: ${action.do})`, draft)];
  switch (action.do) {
    case 'wait':
      return objects(draft);
    case 'dispatch':
      return dispatches(rules, draft, action, busy);
    case 'fileForgeIssue':
      return [step('conductor begins to file the issue', { ...draft, operation: { do: 'file', stage: 'begun' } })];
    case 'closeStalePullRequest': {
      const operation = { do: 'close', stage: 'begun', number: action.number } as const;
      return [step(`conductor begins to close pull request ${action.number}`, { ...draft, operation })];
    }
    case 'readPullRequest':
      return [step(`conductor reads pull request ${action.number}`, readWhole(draft, action.number))];
    case 'merge':
      return requestMerge(rules, draft, world, action);
    default:
      return demand(false, 'ClosedSet', `the model has no effect for the action ${action.do}`) ?? [];
  }
}

/** One transaction writes the draft and gives the issue to an Agent with a free slot; where none has one, it is queued. */
function claims(
  rules: Rules,
  before: Strand,
  draft: Strand,
  action: Extract<Action, { do: 'enqueue' }>,
  busy: Busy,
): Step[] {
  const attempt = nextAttempt(draft.log);
  const free = action.candidates.filter(({ name }) => running(draft.log, busy, name) === 0);
  if (free.length === 0) return grew(before, draft) ? [step('conductor queues it', draft)] : [];
  return free.map((agent) => {
    const names = { claim: `work-${attempt}`, branch: branchOf(attempt), task: `implement-${attempt}-1` };
    const events = rules.decideAssignment({ ...names, agent, attempt, fence: nextFence(draft) }, action.message);
    return step(`${agent.name} is given it: claim ${attempt}`, append(rules, draft, events));
  });
}

function dispatches(rules: Rules, draft: Strand, action: Extract<Action, { do: 'dispatch' }>, busy: Busy): Step[] {
  const { kind, agent, headSHA, message } = action;
  if (running(draft.log, busy, agent.name) > 0) return [];
  const attempt = draft.log.lastWork?.attempt ?? 1;
  const round = nextRound(draft.log, kind);
  const names = {
    claim: kind === 'rework' ? draft.log.work!.id : `review-${attempt}-${round}`,
    task: `${kind}-${attempt}-${round}`,
    fence: nextFence(draft),
  };
  const events = rules.decideDispatch(draft.log, { kind, agent, headSHA, why: message, ...names });
  return [step(`${agent.name} is given a ${kind} task (${message})`, append(rules, draft, events))];
}

/** Fences of one strand grow; only which of them are equal matters to the rules. */
function nextFence({ log, processes }: Strand): string {
  const given = [
    log.lastWork?.fence,
    log.task.work?.fence,
    log.task.review?.fence,
    ...processes.map((one) => one.fence),
  ];
  return `1.${1 + Math.max(0, ...given.map((fence) => Number(fence?.split('.')[1] ?? 0)))}`;
}

/** After a claim, and after a crash between claim and object. */
function objects(draft: Strand): Step[] {
  const live = [draft.log.task.work, draft.log.task.review].filter((task) => task !== null);
  const missing = live.filter(({ name }) => !draft.processes.some((process) => process.task === name));
  return missing.slice(0, 1).map(({ name, fence, lane, kind, agent, headSHA }) => {
    const made = {
      task: name,
      fence,
      lane,
      kind,
      agent: agent.name,
      head: headSHA,
      step: 'boot',
      call: null,
      dead: null,
    };
    return step(`conductor makes the object and Job of ${name}`, {
      ...draft,
      processes: [...draft.processes, made as Strand['processes'][number]],
    });
  });
}

/** The live read, the gate once more, and the decision in the log: before the effect begins. */
function requestMerge(rules: Rules, draft: Strand, world: World, action: Extract<Action, { do: 'merge' }>): Step[] {
  const { number, headSHA: head, method } = action;
  const read = readWhole(draft, number);
  const gate = { ...worldOf(read, read.log, 0), agents: world.agents };
  if (!rules.gateOf(read.log, gate, policy, NOW).passed)
    return [step(`conductor reads pull request ${number}, which may not be merged after all`, read)];
  requireSoundMerge(read, number, head);
  const asked = read.log.mergeRequested?.headSHA === head;
  const requested = asked
    ? read
    : append(rules, read, [{ type: 'MERGE_REQUESTED', data: { number, headSHA: head, method } }]);
  const version = requested.log.mergeRequested?.version ?? 0;
  const operation = { do: 'merge', stage: 'requested', number, head, version, code: null } as const;
  return [step(`conductor decides to merge pull request ${number} at ${short(head)}`, { ...requested, operation })];
}

/** What a refusal of the forge's adds to the log. */
export function refusal(
  log: IssueState,
  head: string,
  reason: 'MergeRefused' | 'HeadMoved' | 'NotMergeable',
): DomainEvent[] {
  if (log.mergeRequested?.headSHA !== head || log.merged !== null) return [];
  const message = 'The forge refused.';
  return [{ type: 'MERGE_GATE_WAITING', data: { gate: 'mergeable', headSHA: head, reason, message } }];
}

export const short = (head: string): string => `commit ${Number.parseInt(head, 16)}`;
