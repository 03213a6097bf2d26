import type { Issue } from '#crds';
import type { Actor, ForgeIssueFacts, IssueEditorFacts, IssueEventFacts, TextPart } from '#lib/forge';
import { putTold, wasTold } from '../mirror/told.ts';
import { isOfForge } from '../objects.ts';
import type { History } from './history.ts';
import { alone, mayWrite, type Round, updateOf } from './round.ts';
import { givenUp } from './stuck.ts';

/** What the schema of Issue takes of a text. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;

/** A part of a text that is another than the Issue's. */
interface Edit {
  readonly issue: Issue;
  readonly facts: ForgeIssueFacts;
  readonly part: TextPart;
  /** Who wrote it as it is now; null where that is not known. */
  readonly editor: Actor | null;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * Takes the texts that people edited while nothing was told of it, title and body each from who wrote it. The forge names the last editor of a
 * body, and each rename in its history; whoever is not known, or may not write, is not followed. Answers whether nothing is left to try.
 */
export async function takeEdits(round: Round, listed: readonly ForgeIssueFacts[], history: History): Promise<boolean> {
  const edited = listed.filter((facts) => differing(round.work.byNumber.get(facts.number), facts).length > 0);
  if (edited.length === 0) return true;
  const numbers = edited.map(({ number }) => number);
  const editors = await round.forge.issueEditors(round.repo, numbers);
  const events = [...history.events, ...(await unseen(edited, history))];
  let whole = true;
  for (const facts of edited) {
    const issue = round.work.byNumber.get(facts.number)!;
    for (const edit of editsOf(issue, facts, editors.get(facts.number), events)) {
      const failure = await alone(round, () => takeEdit(round, edit), `#${facts.number}: `);
      const { part, at } = edit;
      const what = `the ${part} of #${facts.number} was changed`;
      const untaken = { number: facts.number, deed: `edited:${part}`, at, what } as const;
      if (failure !== null && !(await givenUp(round, untaken, failure))) whole = false;
    }
  }
  return whole;
}

/** The history was read before the texts: a title that it does not tell of was given in between. */
async function unseen(edited: readonly ForgeIssueFacts[], history: History): Promise<readonly IssueEventFacts[]> {
  const known = edited.every((facts) => renameOf(facts, history.events) !== undefined);
  return known ? [] : history.since();
}

function renameOf({ number, title }: ForgeIssueFacts, events: readonly IssueEventFacts[]): IssueEventFacts | undefined {
  return events.findLast((one) => one.number === number && one.title === title);
}

/** What of the text is another than the Issue's; nothing for one whose text is not the forge's. */
function differing(issue: Issue | undefined, facts: ForgeIssueFacts): TextPart[] {
  if (issue === undefined || !isOfForge(issue) || facts.state === 'closed') return [];
  const title = facts.title.slice(0, MAX_TITLE).toWellFormed() !== issue.spec.title;
  const body = facts.body.slice(0, MAX_BODY).toWellFormed() !== (issue.spec.body ?? '');
  return [...(title ? (['title'] as const) : []), ...(body ? (['body'] as const) : [])];
}

function editsOf(
  issue: Issue,
  facts: ForgeIssueFacts,
  text: IssueEditorFacts | undefined,
  events: readonly IssueEventFacts[],
): Edit[] {
  return differing(issue, facts).map((part) => {
    const renamed = part === 'title' ? renameOf(facts, events) : undefined;
    const [editor, at] = part === 'title' ? [renamed?.actor, renamed?.createdAt] : [text?.editor, text?.editedAt];
    return { issue, facts, part, editor: editor ?? null, at: at ?? facts.updatedAt };
  });
}

async function takeEdit(round: Round, { issue, facts, part, editor, at }: Edit): Promise<void> {
  const { conductor, key, found, intake, repository } = round;
  const { pool } = conductor.log;
  const deed = `edited:${part}` as const;
  if (await wasTold(pool, key, facts.number, deed, at)) return;
  if (await mayWrite(round, editor)) {
    const told = { action: 'edited', actor: editor, updatedAt: at, edited: [part] };
    found.taken.push(await intake.take(repository, updateOf(round, facts, told), `edit-${facts.number}-${part}-${at}`));
    found.issues.add(facts.number);
  } else {
    const who = editor === null ? 'an account that the forge does not name' : `${editor.login}, who may not write`;
    found.refused.push(
      `The ${part} of Issue ${issue.metadata.name} was changed at the forge by ${who}; that is not taken.`,
    );
  }
  await putTold(pool, key, facts.number, deed, at);
}
