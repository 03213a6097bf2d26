import { Type } from 'typebox';
import type { Thread, VerdictRequest } from '#lib/conductor';
import { askTool } from './ask.ts';
import { readTool } from './files.ts';
import { asked, type Reach } from './reach.ts';
import { searchTool } from './search.ts';
import { type Resolution, reopenThreadTool } from './threads.ts';
import { defineTool, type Tool, ToolRefusal } from './tool.ts';

/** What a review has collected so far. */
export interface Review {
  readonly comments: VerdictRequest['comments'];
  readonly reopened: Map<string, Resolution>;
}

export interface ReviewDeps {
  readonly sandbox: Reach;
  readonly threads: ReadonlyMap<string, Thread>;
  readonly review: Review;
}

const MAX_COMMENTS = 100;

/** The tools of a review: none of them runs code or changes a file. */
export function reviewTools({ sandbox, threads, review }: ReviewDeps): Tool[] {
  const looking = [readTool(sandbox), searchTool(sandbox)];
  return [
    ...looking,
    commentTool(sandbox, review),
    reopenThreadTool(threads, review.reopened),
    verdictTool(review),
    askTool(),
  ];
}

function commentTool(sandbox: Reach, review: Review): Tool {
  return defineTool({
    name: 'comment',
    description: 'Puts an objection on a line of a file as it is after the change. It goes out with the verdict.',
    schema: Type.Object(
      {
        path: Type.String({ minLength: 1, maxLength: 4096 }),
        line: Type.Integer({ minimum: 1 }),
        body: Type.String({ minLength: 1, maxLength: 16_384 }),
      },
      { additionalProperties: false },
    ),
    run: async ({ path, line, body }, signal) => {
      if (review.comments.length >= MAX_COMMENTS)
        throw new ToolRefusal(`A review holds at most ${MAX_COMMENTS} comments.`);
      const { lines } = await asked(sandbox.call('read', { path, from: 1, lines: 1 }, signal));
      if (line > lines) throw new ToolRefusal(`${path} has ${lines} lines only.`);
      review.comments.push({ path, line, body });
      return { text: `Noted on ${path}:${line}.` };
    },
  });
}

function verdictTool(review: Review): Tool {
  return defineTool({
    name: 'verdict',
    description:
      'Ends the review. An approval carries no comments, since every comment opens a thread that blocks the merge.',
    schema: Type.Object(
      {
        verdict: Type.Union([Type.Literal('approve'), Type.Literal('request-changes')]),
        body: Type.String({ minLength: 1, maxLength: 16_384, description: 'The review in a few sentences.' }),
      },
      { additionalProperties: false },
    ),
    run: ({ verdict, body }) => {
      if (verdict === 'approve' && review.comments.length + review.reopened.size > 0)
        throw new ToolRefusal(
          'You have commented on lines or reopened threads, which blocks the merge: request changes.',
        );
      return { text: 'The verdict is handed over.', ending: { kind: 'verdict', verdict, body } };
    },
  });
}
