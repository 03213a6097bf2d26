import { type Budget, holds } from './budget.ts';
import type { ChangedFile } from './change.ts';
import { type Content, contentOf } from './content.ts';
import type { Engines, Value } from './engines.ts';
import { builtIn, type Finding } from './grade.ts';
import { type Judge, judgesOf } from './judges.ts';
import { guardedManifest, mayBeManifest } from './manifests.ts';
import type { Rule } from './policy.ts';
import { isLock, strangeHosts } from './sources.ts';
import { isTest } from './tests.ts';
import { finding, matchesWork, unevaluated, type Work } from './whole.ts';

/** What one file is graded with. */
export interface Asking {
  readonly rules: readonly Rule[];
  readonly raise: readonly Rule[];
  readonly engines: Engines;
  readonly work: Work;
  /** `issue` and `diff`, as expressions see them. */
  readonly values: Readonly<Record<string, Value>>;
  readonly budget: Budget;
}

/** Everything that has a say in the grade of one file. There is always a tier among it. */
export function fileFindings(file: ChangedFile, asking: Asking): Finding[] {
  const odd = oddity(file);
  if (odd !== null) return [odd];
  const content = contentOf(file, asking.engines);
  const names = file.previousPath === null ? [file.path] : [file.path, file.previousPath];
  return names.flatMap((name) => nameFindings(file, name, content, asking));
}

/** Whether something asks for the text of a file, under any of its names. */
export function needsContent(
  file: ChangedFile,
  { rules, raise, work }: Pick<Asking, 'rules' | 'raise' | 'work'>,
): boolean {
  const names = file.previousPath === null ? [file.path] : [file.path, file.previousPath];
  return names.some(
    (name) =>
      mayBeManifest(name) ||
      isLock(name) ||
      judgesOf(name).some(({ unless }) => unless !== null) ||
      [...rules, ...raise].some((rule) => rule.cel?.readsText && rule.paths?.(name) && matchesWork(rule, work)),
  );
}

function nameFindings(file: ChangedFile, name: string, content: Content | null, asking: Asking): Finding[] {
  const found: Finding[] = [...judged(name, content), ...sourced(name, content)];
  let covered = false;
  const seen = valuesOf(file, name, content);
  for (const [rules, covers] of [
    [asking.rules, true],
    [asking.raise, false],
  ] as const)
    for (const rule of rules) {
      if (rule.paths === null || !rule.paths(name) || !matchesWork(rule, asking.work)) continue;
      const matched = ruleHolds(rule, name, content, seen, asking);
      if (matched === null) continue;
      found.push(matched);
      covered ||= covers && matched.tier !== null;
    }
  if (isTest(name) && file.status !== 'added')
    found.push(builtIn('existing-test', 'T1', name, `${name} is an existing test: only added tests are T0.`));
  if (!covered)
    found.push(
      builtIn('unmatched', 'T2', name, `No rule of the policy gives ${name} a tier; what is not known is not safe.`),
    );
  return found;
}

function ruleHolds(rule: Rule, name: string, content: Content | null, seen: Seen, asking: Asking): Finding | null {
  if (rule.cel === null) return finding(rule, name);
  const { readsText } = rule.cel;
  if (readsText && content === null) return unevaluated(rule, name, 'its content cannot be read as text.');
  const values = { ...asking.values, file: readsText ? seen.withText() : seen.plain() };
  const held = holds(rule.cel, values, asking.budget, readsText ? content!.differing : 0);
  if (typeof held === 'string') return unevaluated(rule, name, held);
  return held ? finding(rule, name) : null;
}

/** What expressions see of a file, made once for all of them. */
interface Seen {
  plain(): Value;
  withText(): Value;
}

function valuesOf(file: ChangedFile, name: string, content: Content | null): Seen {
  let [plain, whole]: (Value | undefined)[] = [];
  return {
    plain: () => (plain ??= fileValues(file, name, null)),
    withText: () => (whole ??= fileValues(file, name, content)),
  };
}

/** What an expression sees as `file`. */
function fileValues(file: ChangedFile, name: string, content: Content | null): Value {
  const { status, added, deleted } = file;
  const lines = { added: added ?? 0, deleted: deleted ?? 0 };
  const values = { path: name, status, ...lines, binary: added === null || deleted === null, test: isTest(name) };
  if (content === null) return values;
  const { addedText, removedText, sameYAML, versionsOnly, kinds } = content;
  return { ...values, addedText, removedText, sameYAML, versionsOnly, kinds };
}

const SUBMODULE = '160000';
const SYMLINK = '120000';
const POINTER = 'version https://git-lfs.github.com/spec/';

/** What no rule may grade, for it is not what its path says: T3. */
function oddity({ path, previousPath, oldMode, newMode, pointer, content }: ChangedFile): Finding | null {
  const t3 = (name: string, what: string) => builtIn(name, 'T3', path, `${path} ${what}`);
  const modes = [oldMode, newMode];
  if (modes.includes(SUBMODULE)) return t3('submodule', 'is a submodule: what it brings is not in the change.');
  if (modes.includes(SYMLINK)) return t3('symlink', 'is a symbolic link: what it stands for is elsewhere.');
  if (oldMode !== null && newMode !== null && oldMode !== newMode)
    return t3('mode', `changes its mode from ${oldMode} to ${newMode}.`);
  if (oldMode === null && newMode === null) return t3('mode', 'has no known mode.');
  const texts = typeof content === 'object' ? [content.before, content.after] : [];
  if (pointer === true || texts.some((text) => text?.startsWith(POINTER)))
    return t3('lfs-pointer', 'is a pointer of Git LFS: its content is not in the change.');
  if ([path, previousPath ?? path].some(strange))
    return t3('strange-name', 'has a name that cannot be shown as it is.');
  return null;
}

/** Control and direction characters, undecodable bytes, and names that are no path inside a repository. */
function strange(path: string): boolean {
  return (
    path === '' || /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u.test(path) || /(?:^|\/)(?:\.{1,2}|)(?:\/|$)/.test(path)
  );
}

/** The judges' list: by the path, and by what a manifest says. */
function judged(name: string, content: Content | null): Finding[] {
  const found = judgesOf(name).flatMap((judge) => judgedBy(judge, name, content));
  if (!mayBeManifest(name)) return found;
  if (content === null)
    return [
      ...found,
      builtIn('unreadable', 'T3', name, `${name} may be a manifest, and its content cannot be read as text.`),
    ];
  const { before, after } = content.text;
  const guarded =
    (before === null ? null : guardedManifest(before)) ?? (after === null ? null : guardedManifest(after));
  return guarded === null
    ? found
    : [...found, builtIn('manifest', 'T3', name, `${name} is ${guarded}: an agent may not edit its judges.`)];
}

function judgedBy({ name: kind, tier, is, unless }: Judge, name: string, content: Content | null): Finding[] {
  if (unless !== null && content === null)
    return [builtIn('unreadable', 'T3', name, `${name} is ${is}, and its content cannot be read as text.`)];
  if (unless !== null && content?.[unless] === true) return [];
  return [builtIn(`judge/${kind}`, tier, name, `${name} is ${is}: an agent may not edit its judges.`)];
}

/** A lock file that takes packages from a place that it did not take them from before. */
function sourced(name: string, content: Content | null): Finding[] {
  if (!isLock(name)) return [];
  if (content === null)
    return [builtIn('unreadable', 'T3', name, `${name} is a lock file, and its content cannot be read as text.`)];
  const hosts = strangeHosts(content);
  if (hosts.length === 0) return [];
  const from = hosts.slice(0, 3).join(', ');
  return [
    builtIn('judge/package-sources', 'T2', name, `${name} takes packages from ${from}, which it did not before.`),
  ];
}
