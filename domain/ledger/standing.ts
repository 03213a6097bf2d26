import type { Reason } from '#crds';
import type { Change } from './change.ts';
import { modelOf } from './model.ts';
import { above, below, type Ceiling, ceilings, countsFrom, type LedgerPolicy } from './policy.ts';
import type { Substance } from './substance.ts';

/** A change as the ledger keeps it: with what its Issue's log says of all of them. */
export interface ChangeRecord {
  /** Unique in the ledger; the same however often it is read. */
  readonly id: string;
  readonly issue: string;
  readonly byAgent: boolean;
  readonly parent: string | null;
  readonly change: Change;
}

/** Whose trust, in what, and with which model (as {@link modelOf} names it). */
export interface TrustKey {
  readonly agentUid: string;
  readonly taskClass: string;
  readonly model: string;
}

/** A person's start for a pair that their signature bears out; `at` in ms, when it was signed. */
export interface Grant {
  readonly id: string;
  readonly taskClass: string;
  readonly model: string;
  readonly tier: Ceiling;
  readonly at: number;
}

/** Everything besides changes that a ceiling hangs on. Moments in ms. */
export interface Grounds {
  readonly grants: readonly Grant[];
  /** Since when a model may be promoted; null while a person has yet to acknowledge it. */
  readonly knownSince: number | null;
  /** When the database was recovered from a backup: what it says from before proves nothing. */
  readonly recoveries: readonly number[];
}

/** One step of a ceiling. */
export interface Move {
  readonly at: number;
  readonly from: Ceiling;
  readonly to: Ceiling;
  readonly cause: 'promoted' | 'rolledBack' | 'granted' | 'recovered';
  /** The change or grant that it hangs on; empty for a recovery. */
  readonly by: string;
}

export interface Standing {
  readonly ceiling: Ceiling;
  readonly streak: number;
  /** In ms; null where nothing is held back. */
  readonly cooldownUntil: number | null;
  readonly moves: readonly Move[];
  /** How each change of the pair was taken. */
  readonly verdicts: ReadonlyMap<string, Reason>;
  /** The next moment at which time alone changes this; null where it never does. */
  readonly dueAt: number | null;
}

type Mark =
  | { readonly kind: 'recovery'; readonly at: number; readonly id: string }
  | { readonly kind: 'rollback'; readonly at: number; readonly id: string }
  | { readonly kind: 'rework'; readonly at: number; readonly id: string }
  | { readonly kind: 'grant'; readonly at: number; readonly id: string; readonly tier: Ceiling }
  | { readonly kind: 'success'; readonly at: number; readonly id: string; readonly record: ChangeRecord };

type Success = Extract<Mark, { kind: 'success' }>;

/** What takes trust away comes first where moments are equal, and what gives it last. */
const ORDER = ['recovery', 'rollback', 'rework', 'grant', 'success'] as const satisfies Mark['kind'][];

/** The class of a change: its diff's, or, where that was not read, its issue's. */
export function classOf({ measured, issueClass }: Change): string | null {
  return measured?.taskClass ?? issueClass;
}

/** The models that answered for a change, sorted. */
export function modelsOf({ models }: Change): string[] {
  return [...new Set(Object.keys(models).map(modelOf))].sort();
}

/** What a call is charged to where neither question nor answer named a model. */
const NOBODY = 'unknown';

/** Whether a change is of this pair's doing; one of which not every model is known is of every model's. */
export function concerns({ change }: ChangeRecord, { agentUid, taskClass, model }: TrustKey): boolean {
  const models = modelsOf(change);
  return (
    change.mergedAt !== null &&
    change.agents.some(({ uid }) => uid === agentUid) &&
    classOf(change) === taskClass &&
    (models.length === 0 || models.includes(NOBODY) || models.includes(model))
  );
}

/** When a change was first taken back; null where it was not. */
export function rolledBackAt({ rollbacks }: Change): number | null {
  const moments = Object.values(rollbacks);
  return moments.length === 0 ? null : Math.min(...moments);
}

/** Since when a change has been live and quiet; null while it is not, or nobody knows yet. */
function quietSince({ doneAt, productionAt, mergedAt, disturbedAt }: Change): number | null {
  return doneAt === null ? null : Math.max(productionAt ?? mergedAt!, disturbedAt);
}

/** When a change counts, if nothing speaks against it; null while it is not live. */
export function settlesAt(change: Change, policy: Pick<LedgerPolicy, 'settle'>): number | null {
  const since = quietSince(change);
  return since === null ? null : since + policy.settle;
}

/** What speaks against a change for good, whatever the pair's standing is; null where nothing does. */
function flawOf({ byAgent, change }: ChangeRecord): Reason | null {
  const { agents, reworkedAt, strayHeads, strayStart, measured, question, depletedAt } = change;
  if (byAgent) return 'TrustAgentFiled';
  if (agents.length > 1) return 'TrustSeveralAgents';
  const models = modelsOf(change);
  if (models.length > 1) return 'TrustSeveralModels';
  if (models.length === 0 || models[0] === NOBODY) return 'TrustModelUnknown';
  if (reworkedAt !== null) return 'TrustHumanRework';
  if (strayHeads.length > 0 || strayStart != null) return 'TrustUnattributed';
  if (question !== null) return 'TrustQuestioned';
  if (depletedAt != null) return 'TrustBudgetSpent';
  if (measured === null || measured.tier === null || measured.taskClass === null) return 'TrustUnmeasured';
  return SUBSTANCE[measured.substance];
}

const SUBSTANCE: Readonly<Record<Substance, Reason | null>> = {
  written: null,
  empty: 'TrustEmptyChange',
  generated: 'TrustGeneratedChange',
  inverse: 'TrustInverse',
};

/** A rollback takes a success back that had counted for no longer than the cooldown, and every one that had not settled. */
function takenBack(change: Change, settled: number, { cooldown }: LedgerPolicy): boolean {
  const at = rolledBackAt(change);
  return at !== null && at - settled <= cooldown;
}

interface Folded {
  ceiling: Ceiling;
  streak: number;
  cooldownUntil: number | null;
  readonly moves: Move[];
  readonly verdicts: Map<string, Reason>;
  readonly days: Map<number, number>;
  readonly parents: Set<string>;
}

/**
 * Where a pair stands at `now`. It depends on what happened alone, not on the order in which that became known: a success that a rollback takes
 * back never was, and neither was a promotion that hung on it. Pure; `records` may hold changes of other pairs.
 */
export function standingOf(
  key: TrustKey,
  records: readonly ChangeRecord[],
  grounds: Grounds,
  policy: LedgerPolicy,
  now: number,
): Standing {
  const own = records.filter((record) => concerns(record, key));
  const folded: Folded = {
    ceiling: 'T0',
    streak: 0,
    cooldownUntil: null,
    moves: [],
    verdicts: new Map(),
    days: new Map(),
    parents: new Set(),
  };
  const all = [...own.flatMap((record) => marksOf(record, policy, folded.verdicts)), ...groundsOf(key, grounds)];
  for (const mark of all.sort(byMoment)) if (mark.at <= now) apply(folded, mark, key, grounds, policy);
  const due = all.filter(({ at }) => at > now).map(({ at }) => at);
  const { ceiling, streak, cooldownUntil, moves, verdicts } = folded;
  if (cooldownUntil !== null && cooldownUntil > now) due.push(cooldownUntil);
  return {
    ceiling,
    streak,
    cooldownUntil: cooldownUntil !== null && cooldownUntil > now ? cooldownUntil : null,
    moves,
    verdicts,
    dueAt: due.length === 0 ? null : Math.min(...due),
  };
}

/** What a change does to a pair, and when. Says at once what it can say of it without the others. */
function marksOf(record: ChangeRecord, policy: LedgerPolicy, verdicts: Map<string, Reason>): Mark[] {
  const { id, change } = record;
  const marks: Mark[] = [];
  const at = rolledBackAt(change);
  if (at !== null) marks.push({ kind: 'rollback', at, id });
  if (change.reworkedAt !== null) marks.push({ kind: 'rework', at: change.mergedAt!, id });
  if (change.depletedAt != null) marks.push({ kind: 'rework', at: change.depletedAt, id });
  const settled = settlesAt(change, policy);
  const flaw = flawOf(record);
  if (settled === null) verdicts.set(id, at === null ? 'TrustNotLive' : 'TrustRolledBack');
  else if (takenBack(change, settled, policy)) verdicts.set(id, 'TrustRolledBack');
  else if (flaw !== null) verdicts.set(id, flaw);
  else {
    verdicts.set(id, 'TrustSettling');
    marks.push({ kind: 'success', at: settled, id, record });
  }
  return marks;
}

function groundsOf({ taskClass, model }: TrustKey, { grants, recoveries }: Grounds): Mark[] {
  return [
    ...grants
      .filter((grant) => grant.taskClass === taskClass && modelOf(grant.model) === model)
      .map(({ id, tier, at }): Mark => ({ kind: 'grant', at, id, tier })),
    // A signature tells its second and no more: what is signed in the second of a recovery is behind it.
    ...recoveries.map((at): Mark => ({ kind: 'recovery', at: at - (at % 1_000), id: '' })),
  ];
}

function byMoment(a: Mark, b: Mark): number {
  return a.at - b.at || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function apply(folded: Folded, mark: Mark, key: TrustKey, grounds: Grounds, policy: LedgerPolicy): void {
  switch (mark.kind) {
    case 'recovery':
      move(folded, 'T0', mark, 'recovered');
      return;
    case 'rollback':
      folded.cooldownUntil = Math.max(folded.cooldownUntil ?? 0, mark.at + policy.cooldown);
      move(folded, below(folded.ceiling), mark, 'rolledBack');
      return;
    case 'rework':
      folded.streak = 0;
      return;
    case 'grant':
      // A person's word does not shorten what a rollback costs, and lowers nothing.
      if (mark.at < (folded.cooldownUntil ?? 0) || ceilings.indexOf(mark.tier) <= ceilings.indexOf(folded.ceiling))
        return;
      move(folded, mark.tier, mark, 'granted');
      return;
    case 'success':
      succeed(folded, mark, key, grounds, policy);
  }
}

/** Sets the ceiling; whatever moves it begins a new streak, and so does a rollback that finds nothing to lower. */
function move(folded: Folded, to: Ceiling, { at, id }: Mark, cause: Move['cause']): void {
  if (to !== folded.ceiling) folded.moves.push({ at, from: folded.ceiling, to, cause, by: id });
  folded.ceiling = to;
  folded.streak = 0;
}

const DAY_MS = 86_400_000;

function succeed(folded: Folded, mark: Success, { taskClass }: TrustKey, grounds: Grounds, policy: LedgerPolicy): void {
  const { parent } = mark.record;
  const verdict = taken(folded, mark, taskClass, policy);
  folded.verdicts.set(mark.id, verdict);
  if (verdict !== 'TrustCounted') return;
  const day = dayOf(mark);
  folded.days.set(day, (folded.days.get(day) ?? 0) + 1);
  if (parent !== null) folded.parents.add(parent);
  folded.streak += 1;
  const next = above(folded.ceiling);
  if (next !== null && folded.streak >= policy.streak && mayRise(folded, mark.at, grounds, policy))
    move(folded, next, mark, 'promoted');
}

const dayOf = ({ at }: Success): number => Math.floor(at / DAY_MS);

/** Whether a success counts where the pair stands now. */
function taken(folded: Folded, mark: Success, taskClass: string, policy: LedgerPolicy): Reason {
  const { change, parent } = mark.record;
  const success = { tier: change.measured!.tier!, byPerson: change.byPerson };
  if (!countsFrom(folded.ceiling, success, policy.tiersOf(taskClass))) return 'TrustOtherTier';
  if (parent !== null && folded.parents.has(parent)) return 'TrustParentCounted';
  return (folded.days.get(dayOf(mark)) ?? 0) >= policy.maxPerDay ? 'TrustDailyLimit' : 'TrustCounted';
}

/** Time that has passed promotes nobody by itself: the first success behind what held a pair back does. */
function mayRise({ cooldownUntil }: Folded, at: number, { knownSince }: Grounds, policy: LedgerPolicy): boolean {
  if (cooldownUntil !== null && at < cooldownUntil) return false;
  return !policy.resetOnModelChange || (knownSince !== null && at >= knownSince);
}
