import type { CheckedApproval, CheckedGrade, CheckedIssue } from './verdict.ts';

/** Longest piece of others' words, in characters: a path or a sentence that quotes one. */
const LONGEST = 400;
const MOST_SHOWN = 10;

/** Which rule gave the tier, to which file, and why. */
export function describeGrade({ tier, rule, path, reason }: CheckedGrade): string {
  const where = path === null ? '' : ` at ${code(path)}`;
  const by = rule === null ? '' : ` Rule ${code(rule)}${where}.`;
  return `**${tier}**: ${oneLine(reason)}${by}`;
}

/** What became of each Approval of this head. */
export function describeApprovals(approvals: readonly CheckedApproval[]): string[] {
  if (approvals.length === 0) return ['No Approval names this head. One more push voids an earlier one.'];
  const lines = approvals.slice(0, MOST_SHOWN).map(({ name, verdict }) => {
    if (!verdict.verified) return `- Approval ${code(name)} does not count: ${oneLine(verdict.message)}`;
    const until = new Date(verdict.expiresAt).toISOString();
    return `- Approval ${code(name)}: signed by ${code(verdict.identity.subject)} of ${code(verdict.identity.issuer)}, holds until ${until}.`;
  });
  const more = approvals.length > MOST_SHOWN ? [`- and ${approvals.length - MOST_SHOWN} more.`] : [];
  return [[...lines, ...more].join('\n')];
}

/** What a person can do. */
export function helpFor(issues: readonly CheckedIssue[], sha: string): string[] {
  if (issues.length === 0)
    return [
      'It is the pull request of no Issue of the rig, and an Approval is always of an Issue: bring the change to the branch of an ' +
        'Issue’s pull request (`rig prepare ISSUE` opens one as a draft), and approve it there.',
    ];
  const commands = issues.slice(0, MOST_SHOWN).map(({ name }) => `rig approve ${name} --scope merge`);
  return [`A person who may approve looks at ${code(sha.slice(0, 12))} and runs:`, fence(commands.join('\n'))];
}

/** Others' words on one line: nothing in it mentions anybody, ends a paragraph or begins one, or hides what follows. */
export function oneLine(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const short = plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST - 1).toWellFormed()}…`;
  return short.replace(/[\\`*_[\]<>#|~!&@]/g, (mark) => (mark === '@' ? '@\u2060' : `\\${mark}`));
}

/** Others' words as code, whatever ticks are in them. */
function code(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  const short = plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST - 1).toWellFormed()}…`;
  const ticks = '`'.repeat(1 + Math.max(0, ...[...short.matchAll(/`+/g)].map(([run]) => run.length)));
  return ticks === '`' ? `\`${short}\`` : `${ticks} ${short} ${ticks}`;
}

function fence(text: string): string {
  return `\`\`\`sh\n${text}\n\`\`\``;
}
