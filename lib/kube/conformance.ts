import { findCondition, isConditionTrue, MESSAGE_LIMIT } from './conditions.ts';
import type { Condition, KubeObject } from './types.ts';

/** The rules a status must keep, by number. Numbers are never reused. */
export const statusRules = {
  S01: 'status.observedGeneration is there and is not above metadata.generation',
  S02: 'status.observedGeneration never goes back',
  S03: 'while Ready is True and nothing is Reconciling, observedGeneration equals metadata.generation',
  S04: 'condition types are unique',
  S05: 'each condition has type, status, reason, message and lastTransitionTime',
  S06: 'status of a condition is True, False or Unknown',
  S07: 'types and reasons are PascalCase',
  S08: 'reasons are in the registry',
  S09: 'Ready is there',
  S10: 'abnormal conditions are there only while True',
  S11: 'Reconciling and Stalled are not True together, and Ready is not True beside Stalled',
  S12: "a condition's observedGeneration is not above metadata.generation, and that of Ready, Reconciling and Stalled is status.observedGeneration",
  S13: 'lastTransitionTime is RFC 3339 in seconds, not before the creation and not after now',
  S14: 'lastTransitionTime moves only when the status of the condition does, and never back',
  S15: 'a message is one readable sentence: not empty and at most 1,024 characters',
} as const;

export type StatusRule = keyof typeof statusRules;

export interface Violation {
  rule: StatusRule;
  /** What was found, with the field's path. */
  found: string;
}

export interface ConformanceOptions {
  /** The object as it was seen before; without it the rules about change are not checked. */
  previous?: KubeObject;
  /** Every reason that may appear. Without it S08 is not checked. */
  reasons?: Iterable<string>;
  /** Condition types, beside Reconciling and Stalled, that are there only while True. */
  abnormal?: Iterable<string>;
  now?: Date;
}

interface StatusShape {
  observedGeneration?: number;
  conditions?: Condition[];
}

type Report = (rule: StatusRule, found: string) => void;

const PASCAL_CASE = /^[A-Z][A-Za-z0-9]*$/;
const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const KSTATUS_TYPES = ['Ready', 'Reconciling', 'Stalled'];
/** A server's clock may be a little ahead. */
const SKEW_MS = 2000;

/** Every rule that the status of `object` breaks; none is the answer to hope for. Pure. */
export function checkStatus(object: KubeObject, options: ConformanceOptions = {}): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, found) => violations.push({ rule, found });
  const status = (object.status ?? {}) as StatusShape;
  const previous = (options.previous?.status ?? {}) as StatusShape;
  checkGenerations(object, status, previous, report);
  checkTogether(status.conditions ?? [], options, report);
  for (const condition of status.conditions ?? []) {
    checkCondition(condition, options, report);
    checkTimes(object, condition, options.now ?? new Date(), report);
    checkChange(condition, findCondition(previous.conditions, condition.type), report);
  }
  return violations;
}

function checkGenerations(object: KubeObject, status: StatusShape, previous: StatusShape, report: Report): void {
  const generation = object.metadata.generation ?? 0;
  const { observedGeneration, conditions = [] } = status;
  if (!Number.isInteger(observedGeneration) || (observedGeneration ?? 0) > generation) {
    report('S01', `observedGeneration ${observedGeneration} at generation ${generation}`);
  }
  if ((observedGeneration ?? 0) < (previous.observedGeneration ?? 0)) {
    report('S02', `observedGeneration ${observedGeneration} after ${previous.observedGeneration}`);
  }
  const settled = isConditionTrue(conditions, 'Ready') && !isConditionTrue(conditions, 'Reconciling');
  if (settled && observedGeneration !== generation) {
    report('S03', `Ready at observedGeneration ${observedGeneration} of ${generation}`);
  }
  for (const { type, observedGeneration: seen } of conditions) {
    const wrong = KSTATUS_TYPES.includes(type) ? seen !== observedGeneration : (seen ?? 0) > generation;
    if (wrong) report('S12', `${type} has observedGeneration ${seen}, status has ${observedGeneration}`);
  }
}

function checkTogether(conditions: Condition[], options: ConformanceOptions, report: Report): void {
  const types = conditions.map(({ type }) => type);
  for (const type of new Set(types.filter((name, at) => types.indexOf(name) !== at))) report('S04', `${type} twice`);
  if (!types.includes('Ready')) report('S09', `only ${types.join(', ') || 'no conditions'}`);
  for (const type of ['Reconciling', 'Stalled', ...(options.abnormal ?? [])]) {
    const found = findCondition(conditions, type);
    if (found !== undefined && found.status !== 'True') report('S10', `${type} is ${found.status}`);
  }
  if (!isConditionTrue(conditions, 'Stalled')) return;
  for (const other of ['Reconciling', 'Ready']) {
    if (isConditionTrue(conditions, other)) report('S11', `${other} and Stalled are True`);
  }
}

function checkCondition(condition: Condition, options: ConformanceOptions, report: Report): void {
  const fields = ['type', 'status', 'reason', 'message', 'lastTransitionTime'] as const;
  for (const field of fields) {
    if (typeof condition[field] !== 'string') report('S05', `${condition.type} has no ${field}`);
  }
  const { type, status, reason, message } = condition;
  if (!['True', 'False', 'Unknown'].includes(status)) report('S06', `${type} is ${status}`);
  for (const word of [type, reason]) if (!PASCAL_CASE.test(word ?? '')) report('S07', `${type}: ${word}`);
  const reasons = options.reasons === undefined ? undefined : new Set(options.reasons);
  if (reasons?.has(reason) === false) report('S08', `${type}: ${reason}`);
  const length = message?.trim().length ?? 0;
  if (length === 0 || length > MESSAGE_LIMIT) report('S15', `${type} has a message of ${length} characters`);
}

function checkTimes(object: KubeObject, condition: Condition, now: Date, report: Report): void {
  const { type, lastTransitionTime: text } = condition;
  const time = Date.parse(text ?? '');
  const created = Date.parse(object.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z');
  if (!SECONDS.test(text ?? '') || time < created - SKEW_MS || time > now.getTime() + SKEW_MS) {
    report('S13', `${type} at ${text}`);
  }
}

function checkChange(condition: Condition, before: Condition | undefined, report: Report): void {
  if (before === undefined) return;
  const { type, status, lastTransitionTime: time } = condition;
  const story = `${type}: ${before.status} at ${before.lastTransitionTime}, then ${status} at ${time}`;
  if (status === before.status && time !== before.lastTransitionTime) report('S14', story);
  if (Date.parse(time) < Date.parse(before.lastTransitionTime)) report('S14', story);
}
