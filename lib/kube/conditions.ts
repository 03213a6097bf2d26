import { formatTime } from './clock.ts';
import { cutText } from './text.ts';
import type { Condition, ConditionStatus } from './types.ts';

/** A condition as a controller states it; times and generation are filled in. */
export interface ConditionInput {
  type: string;
  status: ConditionStatus;
  /** A PascalCase cause. */
  reason: string;
  /** One sentence for a person; cut after {@link MESSAGE_LIMIT} characters. */
  message: string;
}

/** The object's generation that was looked at, and the time of looking. */
export interface ConditionStamp {
  generation?: number;
  now: Date;
}

/** What an object is in, in the words of kstatus. */
export interface Verdict {
  state: 'Ready' | 'Reconciling' | 'Stalled';
  reason: string;
  message: string;
  /** Status of Ready while Reconciling, for kinds on which Ready means accepted. Default False. */
  ready?: ConditionStatus;
}

/** Longest message of a condition, as every CRD of the rig has it: the API server refuses a status with a longer one, whole. */
export const MESSAGE_LIMIT = 1_024;

/**
 * Returns `conditions` with `input` in it, at its old place or at the end. lastTransitionTime moves only when the status does,
 * so stating the same thing again changes nothing.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  input: ConditionInput,
  stamp: ConditionStamp,
): Condition[] {
  const known = conditions ?? [];
  const old = findCondition(known, input.type);
  const next: Condition = {
    type: input.type,
    status: input.status,
    reason: input.reason,
    message: cutText(input.message, MESSAGE_LIMIT),
    lastTransitionTime: old?.status === input.status ? old.lastTransitionTime : formatTime(stamp.now),
    ...(stamp.generation === undefined ? {} : { observedGeneration: stamp.generation }),
  };
  return old === undefined ? [...known, next] : known.map((condition) => (condition === old ? next : condition));
}

/** For conditions that say something is wrong or unfinished: there while it holds, absent otherwise. */
export function setAbnormalCondition(
  conditions: readonly Condition[] | undefined,
  holds: boolean,
  input: Omit<ConditionInput, 'status'>,
  stamp: ConditionStamp,
): Condition[] {
  if (!holds) return removeCondition(conditions, input.type);
  return setCondition(conditions, { ...input, status: 'True' }, stamp);
}

export function removeCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * States Ready, Reconciling and Stalled so that kstatus, and with it Flux and `kubectl wait`, read the same: Ready is always
 * there, Reconciling and Stalled only while True, never both. Other conditions stay as they are.
 */
export function setVerdict(
  conditions: readonly Condition[] | undefined,
  verdict: Verdict,
  stamp: ConditionStamp,
): Condition[] {
  const { state, reason, message } = verdict;
  const ready = state === 'Ready' ? 'True' : state === 'Stalled' ? 'False' : (verdict.ready ?? 'False');
  let next = setCondition(conditions, { type: 'Ready', status: ready, reason, message }, stamp);
  next = setAbnormalCondition(next, state === 'Reconciling', { type: 'Reconciling', reason, message }, stamp);
  return setAbnormalCondition(next, state === 'Stalled', { type: 'Stalled', reason, message }, stamp);
}
