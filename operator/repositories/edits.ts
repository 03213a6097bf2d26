import type { Issue } from '#crds';
import type { Actor, ForgeIssueFacts, IssueEditorFacts, IssueEventFacts } from '#lib/forge';
import { putTold, wasTold } from '../mirror/told.ts';
import { mayWrite, type Round, updateOf } from './round.ts';

/** What the schema of Issue takes of a text. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;

interface Edit {
  readonly facts: ForgeIssueFacts;
  /** Who wrote the text as it is now; null where that is not known. */
  readonly editors: readonly (Actor | null)[];
  /** RFC 3339. */
  readonly at: string;
}

/**
 * Takes the texts that people edited while nothing was told of it. The forge names the last editor of a body, and each rename in its
 * history; whoever is not known, or may not write, is not followed.
 */
export async function takeEdits(
  round: Round,
  listed: readonly ForgeIssueFacts[],
  events: readonly IssueEventFacts[],
): Promise<void> {
  const edited = listed.filter((facts) => differs(round.work.byNumber.get(facts.number), facts) !== null);
  if (edited.length === 0) return;
  const editors = await round.forge.issueEditors(
    round.repo,
    edited.map(({ number }) => number),
  );
  for (const facts of edited) {
    const issue = round.work.byNumber.get(facts.number)!;
    await takeEdit(round, issue, editOf(issue, facts, editors.get(facts.number), events));
  }
}

/** What of the text is another than the Issue's; null for one whose text is not the forge's, or is the same. */
function differs(issue: Issue | undefined, facts: ForgeIssueFacts): { title: boolean; body: boolean } | null {
  if (issue === undefined || issue.spec.source !== 'webhook' || facts.state === 'closed') return null;
  const title = facts.title.slice(0, MAX_TITLE).toWellFormed() !== issue.spec.title;
  const body = facts.body.slice(0, MAX_BODY).toWellFormed() !== (issue.spec.body ?? '');
  return title || body ? { title, body } : null;
}

function editOf(
  issue: Issue,
  facts: ForgeIssueFacts,
  text: IssueEditorFacts | undefined,
  events: readonly IssueEventFacts[],
): Edit {
  const { title, body } = differs(issue, facts)!;
  const renamed = events.findLast((one) => one.number === facts.number && one.title === facts.title);
  const editors = [...(title ? [renamed?.actor ?? null] : []), ...(body ? [text?.editor ?? null] : [])];
  const moments = [title ? renamed?.createdAt : undefined, body ? text?.editedAt : undefined].filter(
    (at) => at != null,
  );
  return { facts, editors, at: moments.sort().at(-1) ?? facts.updatedAt };
}

async function takeEdit(round: Round, issue: Issue, { facts, editors, at }: Edit): Promise<void> {
  const { conductor, key, found, intake, repository } = round;
  const { pool } = conductor.log;
  if (await wasTold(pool, key, facts.number, 'edited', at)) return;
  const doubtful = await firstWithout(round, editors);
  if (doubtful === undefined) {
    const told = { action: 'edited', actor: editors[0]!, updatedAt: at, edited: true };
    found.taken.push(await intake.take(repository, updateOf(round, facts, told), `edit-${facts.number}-${at}`));
    found.issues.add(facts.number);
  } else {
    const who = doubtful === null ? 'an account that the forge does not name' : `${doubtful.login}, who may not write`;
    found.refused.push(
      `The text of Issue ${issue.metadata.name} was changed at the forge by ${who}; that is not taken.`,
    );
  }
  await putTold(pool, key, facts.number, 'edited', at);
}

/** The first of them who is not known or may not write; undefined where all may. */
async function firstWithout(round: Round, editors: readonly (Actor | null)[]): Promise<Actor | null | undefined> {
  for (const editor of editors) if (!(await mayWrite(round, editor))) return editor;
  return undefined;
}
