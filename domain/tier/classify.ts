import { newBudget, sparing } from './budget.ts';
import type { ChangeFacts } from './change.ts';
import type { Value } from './engines.ts';
import { type Asking, fileFindings, needsContent } from './file.ts';
import { builtIn, type Finding, type Grade, highest, UNCLASSIFIED } from './grade.ts';
import { judgesOf } from './judges.ts';
import { isReadable } from './odd.ts';
import type { CompiledPolicy, Raise } from './policy.ts';
import { finding, issueValues, matchesWork, type Work, wholeFindings } from './whole.ts';

/** Work as it was asked for; `files` are those that its plan names, which can raise its tier and never lower it. */
export interface AskedWork extends Work {
  readonly files: readonly string[];
}

/** Files that one grading looks at; a longer list is graded T3 without a look. */
export const MAX_FILES = 20_000;
/** Characters that their names have together. */
const MAX_NAMES = 4 * 1024 * 1024;

/** Grades work by what was asked, before there is a change. Total and pure; nothing that matches is T2. */
export function gradeIssue(policy: CompiledPolicy, raise: Raise, work: AskedWork): Grade {
  const values = { issue: issueValues(work), diff: diffValues([]) };
  const whole = wholeFindings([...policy.rules, ...raise], work, values, newBudget(work.labels.length));
  const asked = whole.some(({ tier, rule }) => tier !== null && policy.rules.some(({ name }) => name === rule))
    ? []
    : [builtIn('unmatched', 'T2', null, 'No rule of the policy gives the work a tier; what is not known is not safe.')];
  const named = work.files.flatMap((path) => plannedFindings(policy, raise, work, path));
  const taskClass = work.taskClass ?? classIn(whole) ?? UNCLASSIFIED;
  return graded([...whole, ...named, ...asked], taskClass);
}

/** Files of a change whose text the grade depends on; without it, or where it is `unreadable`, they are T3. */
export function contentNeeded(policy: CompiledPolicy, raise: Raise, change: ChangeFacts, work: Work): string[] {
  if (!isWhole(change)) return [];
  const asking = { rulesAt: policy.rulesAt, raise, work };
  return change.files.filter((file) => needsContent(file, asking)).map(({ path }) => path);
}

/**
 * Grades a change by its files, each under every name that it has, and by the work that it is for. Total and pure: the highest tier wins, a file
 * that no rule of the policy gives a tier is T2, and rules without paths, like those of the Repository, only raise.
 */
export function gradeChange(policy: CompiledPolicy, raise: Raise, change: ChangeFacts, work: Work): Grade {
  const { files } = change;
  if (!isWhole(change))
    return graded([builtIn('incomplete', 'T3', null, 'Not every file of the change is known.')], UNCLASSIFIED);
  const values = { issue: issueValues(work), diff: diffValues(files) };
  const budget = newBudget(Math.max(files.length, work.labels.length));
  const whole = wholeFindings([...policy.rules, ...raise], work, values, budget);
  const { count, added, deleted } = values.diff;
  const asked = { issue: values.issue, diff: { count, added, deleted } };
  const asking: Asking = {
    rulesAt: policy.rulesAt,
    raise,
    work,
    engines: sparing(policy.engines, budget),
    values: asked,
    budget,
  };
  const byFile = files.map((file) => fileFindings(file, asking));
  const none = files.length === 0 ? [builtIn('unmatched', 'T2', null, 'The change has no file.')] : [];
  return graded([...whole, ...byFile.flat(), ...none], classOfChange(policy, whole, byFile, work));
}

/** Whether every file is known, and not more than anyone can look at. */
function isWhole({ complete, files }: ChangeFacts): boolean {
  if (!complete || files.length > MAX_FILES) return false;
  return files.reduce((sum, { path, previousPath }) => sum + path.length + (previousPath?.length ?? 0), 0) <= MAX_NAMES;
}

/** One class where all files agree; else that of the work, unless it is a class that files have to show. */
function classOfChange(
  policy: CompiledPolicy,
  whole: readonly Finding[],
  byFile: readonly Finding[][],
  work: Work,
): string {
  const classes = new Set(byFile.map(classIn));
  const [only] = classes;
  if (classes.size === 1 && only != null) return only;
  const shown = new Set(
    policy.rules.flatMap(({ paths, taskClass }) => (paths === null || taskClass === null ? [] : [taskClass])),
  );
  if (work.taskClass !== null && !shown.has(work.taskClass)) return work.taskClass;
  return classIn(whole.filter(({ taskClass }) => taskClass === null || !shown.has(taskClass))) ?? UNCLASSIFIED;
}

function classIn(findings: readonly Finding[]): string | null {
  return findings.find(({ taskClass }) => taskClass !== null)?.taskClass ?? null;
}

/** A file that a plan names: there is no change of it yet to judge more by. */
function plannedFindings(policy: CompiledPolicy, raise: Raise, work: Work, path: string): Finding[] {
  if (!isReadable(path)) return [builtIn('strange-name', 'T3', null, 'The plan names a file that cannot be shown.')];
  const judges = judgesOf(path).map(({ name, tier, is }) =>
    builtIn(`judge/${name}`, tier, path, `${path} is ${is}: an agent may not edit its judges.`),
  );
  const rules = [...policy.rules, ...raise].filter(
    (rule) => rule.tier !== null && rule.cel === null && rule.paths?.(path) && matchesWork(rule, work),
  );
  return [...judges, ...rules.map((rule) => ({ ...finding(rule, path), taskClass: null }))];
}

function graded(findings: readonly Finding[], taskClass: string): Grade {
  const top = highest(findings) ?? builtIn('unmatched', 'T2', null, 'Nothing grades it.');
  return { tier: top.tier!, taskClass, rule: top.rule, path: top.path, reason: top.reason, findings };
}

/** What expressions see as `diff`. */
function diffValues(files: ChangeFacts['files']) {
  const sum = (side: 'added' | 'deleted') => files.reduce((lines, file) => lines + (file[side] ?? 0), 0);
  const folders = new Set(files.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  return {
    files: files.map(({ path, status, added, deleted }) => ({
      path,
      status,
      added: added ?? 0,
      deleted: deleted ?? 0,
    })),
    count: files.length,
    added: sum('added'),
    deleted: sum('deleted'),
    folders: [...folders].sort(),
  } satisfies Value;
}
