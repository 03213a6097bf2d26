import { CLOSING_KEYWORD, SKIP_MARKER } from './markers.ts';

export interface ChangeText {
  readonly title: string;
  readonly what: string;
  readonly why: string;
  readonly proof: string;
  readonly risk: string;
}

export interface ChangeData {
  readonly issue: { readonly name: string; readonly number: number; readonly title: string };
  readonly task: string;
  readonly tier: string;
  readonly taskClass: string;
  readonly agent: string;
  readonly attempt: number;
  /** Hidden marker by which a repeated call finds what it made. */
  readonly marker: string;
}

/** Title of a pull request: one line of the agent's, with everything taken out that a forge or CI would act upon. */
export function pullRequestTitle(text: ChangeText): string {
  return oneLine(text.title, 200) || 'Change without a title';
}

/**
 * Description of a pull request: front matter from data, the one closing reference, then the agent's words, in which closing keywords
 * and CI markers are defused: what a model writes may link to an issue, never close one.
 */
export function pullRequestBody(text: ChangeText, data: ChangeData): string {
  const front = [
    '---',
    `issue: ${data.issue.name}`,
    `task: ${data.task}`,
    `agent: ${data.agent}`,
    `attempt: ${data.attempt}`,
    `tier: ${data.tier}`,
    `class: ${data.taskClass}`,
    '---',
  ];
  const section = (title: string, body: string) => `## ${title}\n\n${defuse(body.trim()) || 'Nothing was said.'}\n`;
  return [
    front.join('\n'),
    '',
    `Closes #${data.issue.number}`,
    '',
    section('What', text.what),
    section('Why', text.why),
    section('Proof', text.proof),
    section('Risk', text.risk),
    data.marker,
  ].join('\n');
}

/** Title and message of the merge commit, from data alone; commit messages of the branch never reach the base. */
export function mergeMessage(
  data: Omit<ChangeData, 'marker' | 'task'> & { pullRequest: number; headSHA: string; reviewers: readonly string[] },
): { title: string; message: string } {
  const title = `${oneLine(data.issue.title, 180) || 'Change without a title'} (#${data.pullRequest})`;
  const trailers = [
    `Rig-Issue: ${data.issue.name}`,
    `Rig-Agent: ${data.agent}`,
    `Rig-Attempt: ${data.attempt}`,
    `Rig-Tier: ${data.tier}`,
    `Rig-Head: ${data.headSHA}`,
    ...data.reviewers.map((login) => `Reviewed-by: ${oneLine(login, 100)}`),
  ];
  return { title, message: `Closes #${data.issue.number}\n\n${trailers.join('\n')}\n` };
}

/** A forge reads no comment and no mention where this stands in between; a person sees nothing. */
const BREAK = '\u200b';

/**
 * Takes the force out of closing keywords, CI-skip markers, HTML comments and mentions, and leaves the text readable. Nothing is taken
 * out, so that what stood on both sides cannot become what was defused. Doing it again changes nothing.
 */
export function defuse(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(CLOSING_KEYWORD, '$<keyword> issue ')
    .replaceAll(SKIP_MARKER, (_, bracketed?: string, starred?: string, trailer?: string) =>
      trailer === undefined ? `(${bracketed ?? starred})` : `${trailer} `,
    )
    .replaceAll('<!--', `<${BREAK}!--`)
    .replaceAll('-->', `--${BREAK}>`)
    .replaceAll(/(^|[^\w`])@(?=\w)/g, `$1@${BREAK}`);
}

/** Control characters, and those that turn the direction of what follows: a line that holds them reads otherwise than it is. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** One line of at most `max` characters without anything that a forge or CI would act upon. */
function oneLine(text: string, max: number): string {
  const calm = text.replaceAll(/\s+/g, ' ').replaceAll(UNSEEN, '').trim();
  return defuse(calm).slice(0, max).toWellFormed();
}
