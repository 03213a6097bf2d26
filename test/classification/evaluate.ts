import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type CompiledPolicy, compilePolicy, type Grade, gradeChange, type RuleSpec } from '#domain';
import { engines } from '../kit/tier-engines.ts';
import type { Entry, Project } from './corpus.ts';

export const TIERS = ['T0', 'T1', 'T2', 'T3'] as const;
type Tier = (typeof TIERS)[number];

/** A change with what the shipped policy says of it. */
export interface Graded {
  readonly entry: Entry;
  readonly grade: Grade;
}

/** How often a tier was given and was right; a share of nothing is null. */
export interface TierFigures {
  readonly tier: Tier;
  readonly labelled: number;
  readonly given: number;
  readonly both: number;
  readonly precision: number | null;
  readonly recall: number | null;
}

const POLICIES = join(import.meta.dirname, '..', '..', 'policies', 'tiers');

/** The shipped policy of that name. Throws its problems. */
export function shippedPolicy(name: string): CompiledPolicy {
  const manifest = parse(readFileSync(join(POLICIES, `${name}.yaml`), 'utf8')) as { spec: { rules: RuleSpec[] } };
  const compiled = compilePolicy(name, manifest.spec.rules, engines);
  if (!compiled.ok) throw new Error(compiled.problems.join('\n'));
  return compiled.value;
}

/** A change graded as work of its commit's title, and as work whose title says nothing: the conductor has the title of an issue, which may be either. */
export interface GradedTwice {
  readonly titled: readonly Graded[];
  readonly untitled: readonly Graded[];
}

/** Both ways to grade the changes of a history. */
export function gradeTwice(entries: readonly Entry[]): GradedTwice {
  return { titled: gradeAll(entries), untitled: gradeAll(entries.map((entry) => ({ ...entry, title: '' }))) };
}

/** Grades each change by the shipped policy of its project, as work of that title that carries no label. */
function gradeAll(entries: readonly Entry[]): Graded[] {
  const policies = new Map<string, CompiledPolicy>();
  const policyOf = ({ policy }: Project) => {
    const known = policies.get(policy) ?? shippedPolicy(policy);
    policies.set(policy, known);
    return known;
  };
  return entries.map((entry) => ({ entry, grade: gradeEntry(policyOf(entry.project), entry) }));
}

/** The grade of one change under one policy. */
export function gradeEntry(policy: CompiledPolicy, { change, title }: Pick<Entry, 'change' | 'title'>): Grade {
  return gradeChange(policy, [], change, { labels: [], title, taskClass: null, source: '' });
}

/** Precision and recall of each tier over these changes. */
export function figures(graded: readonly Graded[]): TierFigures[] {
  return TIERS.map((tier) => {
    const count = (of: (one: Graded) => boolean) => graded.filter(of).length;
    const labelled = count(({ entry }) => entry.label.tier === tier);
    const given = count(({ grade }) => grade.tier === tier);
    const both = count(({ entry, grade }) => grade.tier === tier && entry.label.tier === tier);
    const share = (whole: number) => (whole === 0 ? null : both / whole);
    return { tier, labelled, given, both, precision: share(given), recall: share(labelled) };
  });
}

/** Changes that were graded below what the label says: what a policy must not do where the label is T3. */
export function gradedLower(graded: readonly Graded[], label: Tier): Graded[] {
  return graded.filter(({ entry, grade }) => entry.label.tier === label && grade.tier < label);
}
