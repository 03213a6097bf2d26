import { type IssueState, unknown, type World } from '#domain';
import { restingAction } from './conductor.ts';
import { demand } from './log.ts';
import { policy, type Rules } from './rules.ts';
import { type Strand, untoldPulls } from './strand.ts';
import { type Busy, NOW, worldOf } from './world.ts';

/** For whom a strand that does nothing by itself waits: an end, a person, or the Agent that the other issue has. Null: for nobody. */
export function restOf(rules: Rules, strand: Strand, busy: Busy): string | null {
  const { log } = strand;
  if (untoldPulls(strand).length > 0) return null;
  if (log.merged === null && log.ending?.kind !== 'Done' && toldMerged(strand)) return null;
  if (log.ending !== null) return log.ending.reason === '' ? null : log.ending.kind;
  if (log.awaiting !== null) return log.awaiting.reason === '' ? null : 'AwaitingHuman';
  if (log.hold !== null) return 'held';
  const action = restingAction(rules, strand, busy);
  if (action === null) return null;
  const contended =
    busy > 0 && (action.do === 'enqueue' || action.do === 'dispatch' || action.reason === 'ConcurrencyFull');
  if (contended) return 'contended';
  return forAPerson(strand, action.reason) ? `a person (${action.reason})` : null;
}

/** Whether a merge of the issue is known that its log does not tell of. */
function toldMerged({ log, told, forge }: Strand): boolean {
  const stale = forge.pulls.filter(({ number }) => log.stalePullRequests.includes(number));
  const current = told.pull !== null && told.pull.number === log.pullRequest?.number ? [told.pull] : [];
  return [...current, ...stale].some(({ state }) => state === 'merged');
}

/**
 * Waits of the merge gate that only a person ends, because a person brought them about: asked for changes, took an approval back, or pushed while
 * a review of the head before was on its way.
 */
function forAPerson({ forge }: Strand, reason: string): boolean {
  const pull = forge.pulls.at(-1);
  const said = (state: string) => pull?.opinions.some((one) => one.state === state) === true;
  switch (reason) {
    case 'ChangesRequested':
      return pull?.by === 'person' || pull?.opinions.some((one) => one.by === 'person') === true;
    case 'ReviewMissing':
      return said('dismissed');
    case 'ReviewStale':
      return pull?.by === 'person';
    default:
      return false;
  }
}

/** What keeps a strand from going on, for the report of a state in which nothing does. */
export function standing(rules: Rules, strand: Strand, busy: Busy): string {
  const action = restingAction(rules, strand, busy);
  return action === null ? 'it has something to write down' : `${action.do} ${action.reason}: ${action.message}`;
}

type Blind = readonly [string, (world: World) => Partial<World>];
const incomplete = (part: string): Blind => [
  `not every one of its ${part} was read`,
  ({ pullRequest }) => ({
    pullRequest: pullRequest.known
      ? {
          ...pullRequest,
          value: { ...pullRequest.value, complete: { ...pullRequest.value.complete, [part]: false } },
        }
      : pullRequest,
  }),
];

/** Worlds of which a part is not known. */
const BLIND: readonly Blind[] = [
  ['the pull request is unknown', () => ({ pullRequest: unknown('Not read.') })],
  ['the Repository is unknown', () => ({ repository: unknown('Not read.') })],
  ['the ruleset is unknown', ({ gate }) => ({ gate: { ...gate, enforcement: unknown('Not read.') } })],
  ['the tier is unknown', () => ({ tier: null })],
  incomplete('checks'),
  incomplete('reviews'),
  incomplete('threads'),
  incomplete('commits'),
];

/** In every position in which a merge is near: with any part of the world unknown, neither gate nor rules let it through. */
export function requireClosedGate(rules: Rules, { log, ...strand }: Strand): void {
  if (log.pullRequest === null || strand.told.pull === null || log.ending !== null) return;
  const world = worldOf({ log, ...strand }, log, 0);
  if (!mergeable(rules, log, world)) return;
  for (const [what, change] of BLIND) {
    const blind = { ...world, ...change(world) };
    demand(!mergeable(rules, log, blind), 'UnknownNeverPasses', `a merge is let through though ${what}`);
  }
}

function mergeable(rules: Rules, log: IssueState, world: World): boolean {
  return rules.gateOf(log, world, policy, NOW).passed || rules.nextAction(log, world, policy, NOW).do === 'merge';
}
