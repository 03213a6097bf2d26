import { type Budget, holds } from './budget.ts';
import type { ChangedFile } from './change.ts';
import { type Content, contentOf } from './content.ts';
import type { Engines, Value } from './engines.ts';
import { judged } from './floors.ts';
import { builtIn, type Finding } from './grade.ts';
import { oddity } from './odd.ts';
import type { Rule } from './policy.ts';
import { traitsOf } from './traits.ts';
import { finding, matchesWork, unevaluated, type Work } from './whole.ts';

/** What one file is graded with. */
export interface Asking {
  /** Rules with paths of the policy that match a file. */
  readonly rulesAt: (path: string) => readonly Rule[];
  /** Rules with paths of the Repository. */
  readonly raise: readonly Rule[];
  readonly work: Work;
  readonly engines: Engines;
  /** `issue` and `diff`, as expressions see them. */
  readonly values: Readonly<Record<string, Value>>;
  readonly budget: Budget;
}

/** Everything that has a say in the grade of one file. There is always a tier among it. */
export function fileFindings(file: ChangedFile, asking: Asking): Finding[] {
  const odd = oddity(file);
  if (odd !== null) return [odd];
  const content = contentOf(file, asking.engines);
  const { path, previousPath } = file;
  const found = nameFindings(file, path, content, asking);
  return previousPath === null ? found : [...found, ...nameFindings(file, previousPath, content, asking)];
}

/** Whether something asks for the text of a file, under any of its names. What is odd is asked nothing. */
export function needsContent(file: ChangedFile, asking: Pick<Asking, 'rulesAt' | 'raise' | 'work'>): boolean {
  if (oddity(file) !== null) return false;
  if (file.manifest === true) return true;
  const { path, previousPath } = file;
  return nameNeedsContent(path, asking) || (previousPath !== null && nameNeedsContent(previousPath, asking));
}

function nameNeedsContent(name: string, asking: Pick<Asking, 'rulesAt' | 'raise' | 'work'>): boolean {
  const { manifest, lock, judges } = traitsOf(name);
  return (
    manifest ||
    lock ||
    judges.some(({ unless }) => unless !== null) ||
    rulesOf(name, asking).some(({ cel }) => cel !== null && cel.texts.length > 0)
  );
}

/** Rules that are asked of a file under that name, those of the Repository last. */
function rulesOf(name: string, { rulesAt, raise, work }: Pick<Asking, 'rulesAt' | 'raise' | 'work'>): readonly Rule[] {
  const rules = rulesAt(name);
  const all = raise.length === 0 ? rules : [...rules, ...raise.filter(({ paths }) => paths?.(name))];
  return all.every((rule) => matchesWork(rule, work)) ? all : all.filter((rule) => matchesWork(rule, work));
}

function nameFindings(file: ChangedFile, name: string, content: Content | null, asking: Asking): Finding[] {
  const { test, testLike } = traitsOf(name);
  const found = judged(file, name, content, asking.engines);
  const seen = new Seen(file, name, test, content, asking.values);
  let covered = false;
  for (const rule of rulesOf(name, asking)) {
    const matched = ruleHolds(rule, name, content, seen, asking);
    if (matched === null) continue;
    found.push(matched);
    covered ||= matched.tier !== null && !asking.raise.includes(rule);
  }
  if (testLike && file.status !== 'added')
    found.push(builtIn('existing-test', 'T1', name, `${name} is an existing test: only added tests are T0.`));
  if (!covered)
    found.push(
      builtIn('unmatched', 'T2', name, `No rule of the policy gives ${name} a tier; what is not known is not safe.`),
    );
  return found;
}

function ruleHolds(rule: Rule, name: string, content: Content | null, seen: Seen, asking: Asking): Finding | null {
  if (rule.cel === null) return finding(rule, name);
  const { texts } = rule.cel;
  if (texts.length > 0 && content === null) return unevaluated(rule, name, 'its content cannot be read as text.');
  const held = holds(rule.cel, seen.values(texts), asking.budget, seen.lengthOf(texts));
  if (typeof held === 'string') return unevaluated(rule, name, held);
  return held ? finding(rule, name) : null;
}

type TextField = 'addedText' | 'removedText' | 'changedText' | 'sameYAML' | 'versionsOnly' | 'kinds';

type Values = Readonly<Record<string, Value>>;

/** What expressions see, `file` among it; of its text each one only what it reads. */
class Seen {
  readonly #file: Values;
  readonly #others: Values;
  readonly #plain: Values;
  readonly #content: Content | null;
  #made: Map<string, Values> | undefined;

  constructor(file: ChangedFile, name: string, test: boolean, content: Content | null, others: Values) {
    const { status, added, deleted } = file;
    const binary = added === null || deleted === null;
    this.#file = { path: name, status, added: added ?? 0, deleted: deleted ?? 0, binary, test };
    this.#others = others;
    this.#plain = { ...others, file: this.#file };
    this.#content = content;
  }

  values(texts: readonly string[]): Values {
    if (texts.length === 0) return this.#plain;
    const key = texts.length === 1 ? texts[0]! : texts.join();
    this.#made ??= new Map();
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const file: Record<string, Value> = { ...this.#file };
    for (const text of texts) file[text] = this.#content![text as TextField];
    const made = { ...this.#others, file };
    this.#made.set(key, made);
    return made;
  }

  /** Characters that an expression may look through. */
  lengthOf(texts: readonly string[]): number {
    const content = this.#content;
    let length = 0;
    for (const text of texts) {
      const value = content?.[text as TextField];
      if (typeof value === 'string') length += value.length;
    }
    return length;
  }
}
