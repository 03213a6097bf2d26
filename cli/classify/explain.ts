import type { Finding, Grade } from '#domain';
import { plain, table } from '#lib/terminal';

/** What `rig classify` answers. */
export interface Classified {
  /** What was graded: a diff, an issue. */
  readonly of: string;
  readonly policy: string;
  readonly grade: Grade;
}

const MOST_LINES = 40;

/** The grade, the rule that decided it, and everything else that matched, the highest first. */
export function renderClassified({ of, policy, grade }: Classified): string {
  const { tier, taskClass, rule, reason, findings } = grade;
  const rows = [...findings].sort(byTier).slice(0, MOST_LINES).map(row);
  const more = findings.length - rows.length;
  return [
    plain(`${of}: ${tier}, class ${taskClass}, by ${rule} (TierPolicy ${policy})`),
    plain(reason),
    '',
    table(['TIER', 'CLASS', 'RULE', 'FILE'], rows),
    ...(more > 0 ? [`and ${more} more; --json has them all`] : []),
  ].join('\n');
}

function byTier(one: Finding, other: Finding): number {
  return (other.tier ?? '').localeCompare(one.tier ?? '');
}

function row({ tier, taskClass, rule, path }: Finding): string[] {
  return [tier ?? '-', taskClass ?? '-', rule, path ?? '-'].map((cell) => plain(cell));
}
