import type { Tier } from '../events/catalogue.ts';
import { CHANGE_VOCABULARY, type Engines, type Expression, FILE_VOCABULARY } from './engines.ts';
import { RAISE } from './grade.ts';

/** One rule as it is written: a tier, a task class or both for what it matches. Every field of `match` that is given must match. */
export interface RuleSpec {
  readonly name: string;
  readonly tier?: Tier;
  readonly taskClass?: string;
  readonly match: {
    readonly labels?: readonly string[];
    readonly paths?: readonly string[];
    readonly title?: string;
    readonly cel?: string;
  };
}

/** A rule that can be asked. */
export interface Rule {
  readonly name: string;
  readonly tier: Tier | null;
  readonly taskClass: string | null;
  /** What a finding of it says before and after it names what was found. */
  readonly says: readonly [before: string, after: string];
  readonly labels: ReadonlySet<string> | null;
  readonly title: string | null;
  /** Null: the rule is asked once of the whole, and vouches for no file. */
  readonly paths: ((path: string) => boolean) | null;
  readonly cel: Expression | null;
}

/** A TierPolicy that was understood whole. */
export interface CompiledPolicy {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Those with paths that match a file, in order. */
  readonly rulesAt: (path: string) => readonly Rule[];
  readonly engines: Engines;
}

/** A Repository's own rules; whatever they match, they never lower a tier. */
export type Raise = readonly Rule[];

export type Compiled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Compiles the rules of a TierPolicy; one that is wrong in any part is not used at all, and each part says why in a sentence. */
export function compilePolicy(name: string, rules: readonly RuleSpec[], engines: Engines): Compiled<CompiledPolicy> {
  const compiled = compileRules(rules, engines, `rules of TierPolicy ${name}`);
  if (!compiled.ok) return compiled;
  // A list without globs matches nothing: rules without paths are asked of no file.
  const places = engines.indexGlobs(rules.map(({ match }) => match.paths ?? []));
  const known = new WeakMap<readonly number[], readonly Rule[]>();
  const rulesAt = (path: string) => {
    const found = places(path);
    let rules = known.get(found);
    if (rules === undefined) {
      rules = found.map((at) => compiled.value[at]!);
      known.set(found, rules);
    }
    return rules;
  };
  return { ok: true, value: { name, rules: compiled.value, rulesAt, engines } };
}

/** Compiles `spec.raise` and `spec.protectedPaths` of a Repository. */
export function compileRaise(
  raise: readonly RuleSpec[],
  protectedPaths: readonly string[],
  engines: Engines,
): Compiled<Raise> {
  const guarded: RuleSpec[] =
    protectedPaths.length === 0 ? [] : [{ name: 'protectedPaths', tier: 'T2', match: { paths: protectedPaths } }];
  const named = [...raise, ...guarded].map((rule) => ({ ...rule, name: RAISE + rule.name }));
  return compileRules(named, engines, "the Repository's spec.raise");
}

function compileRules(specs: readonly RuleSpec[], engines: Engines, where: string): Compiled<readonly Rule[]> {
  const problems: string[] = [];
  const names = new Set<string>();
  const rules = specs.map((spec) => {
    const wrong = (what: string) => void problems.push(`Rule ${spec.name} in ${where}: ${what}`);
    if (names.has(spec.name)) wrong('another rule has that name; give it one of its own.');
    names.add(spec.name);
    return compileRule(spec, engines, wrong);
  });
  return problems.length === 0 ? { ok: true, value: rules } : { ok: false, problems };
}

function compileRule(spec: RuleSpec, engines: Engines, wrong: (what: string) => void): Rule {
  const { name, tier = null, taskClass = null, match } = spec;
  const { labels, title } = match;
  if (tier === null && taskClass === null) wrong('it gives neither a tier nor a task class.');
  if ([labels, match.paths, title, match.cel].every((part) => part === undefined))
    wrong('it matches nothing; give labels, paths, title or cel.');
  const attempt = <T>(part: keyof typeof match, compile: () => T): T | null => {
    try {
      return match[part] === undefined ? null : compile();
    } catch (error) {
      wrong(`${part}: ${(error as Error).message}`);
      return null;
    }
  };
  const paths = attempt('paths', () => engines.compileGlobs(match.paths!));
  const vocabulary = match.paths === undefined ? CHANGE_VOCABULARY : FILE_VOCABULARY;
  const cel = attempt('cel', () => engines.compileCel(match.cel!, vocabulary));
  const lowered = labels === undefined ? null : new Set(labels.map((label) => label.toLowerCase()));
  const gives = [tier === null ? [] : [`tier ${tier}`], taskClass === null ? [] : [`class ${taskClass}`]].flat();
  return {
    name,
    tier,
    taskClass,
    says: [`Rule ${name} gives `, ` ${gives.join(' and ')}.`],
    labels: lowered,
    title: title?.toLowerCase() ?? null,
    paths,
    cel,
  };
}
