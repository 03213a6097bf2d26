import { type Budget, holds } from './budget.ts';
import type { Value } from './engines.ts';
import { builtIn, type Finding } from './grade.ts';
import type { Rule } from './policy.ts';

/** What is known of work beside its files. */
export interface Work {
  readonly labels: readonly string[];
  readonly title: string;
  /** The class that whoever asked for the work gave it. */
  readonly taskClass: string | null;
  /** Who asked: `webhook`, `kubectl`, `agent`, …; empty where it is not known. */
  readonly source: string;
}

export const noWork: Work = { labels: [], title: '', taskClass: null, source: '' };

/** What expressions see of the work as `issue`; labels in lower case. */
export function issueValues({ labels, title, taskClass, source }: Work): Value {
  return { labels: labels.map((label) => label.toLowerCase()), title, taskClass: taskClass ?? '', source };
}

/** Whether the fields of a rule that speak of the work match it; labels and titles in any case. */
export function matchesWork(rule: Rule, work: Work): boolean {
  if (rule.labels !== null && !work.labels.some((label) => rule.labels!.has(label.toLowerCase()))) return false;
  return rule.title === null || work.title.toLowerCase().includes(rule.title);
}

/** What the rules without paths find in the work and the whole of its change. */
export function wholeFindings(
  rules: readonly Rule[],
  work: Work,
  values: Readonly<Record<string, Value>>,
  budget: Budget,
): Finding[] {
  return rules.flatMap((rule) => {
    if (rule.paths !== null || !matchesWork(rule, work)) return [];
    const held = rule.cel === null ? true : holds(rule.cel, values, budget);
    if (typeof held === 'string') return [unevaluated(rule, null, held)];
    return held ? [finding(rule, null)] : [];
  });
}

export function finding({ name, tier, taskClass, says }: Rule, path: string | null): Finding {
  return { rule: name, tier, taskClass, path, reason: says[0] + (path ?? 'the work') + says[1] };
}

/** A rule that cannot be asked decides nothing, and nothing decides for it. */
export function unevaluated(rule: Rule, path: string | null, why: string): Finding {
  return builtIn(
    `unevaluated/${rule.name}`,
    'T3',
    path,
    `Rule ${rule.name} cannot be evaluated${path === null ? '' : ` for ${path}`}: ${why}`,
  );
}
