import { type Static, Type } from 'typebox';

/** The run of a workflow, as whoever runs it describes it. Nothing in it can stand for another part of the name. */
export const Run = Type.Object(
  {
    /** Root of the forge, without a path. */
    server: Type.String({ pattern: '^https?://[A-Za-z0-9.:\\[\\]-]{1,255}$' }),
    /** `owner/name`, and the number that stays whatever it is called. */
    repository: Type.String({ pattern: '^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$' }),
    repositoryId: Type.Integer({ minimum: 1 }),
    workflow: Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' }),
    /** Whose workflow it is: of this branch, whatever it is run for. */
    ref: Type.String({ pattern: '^refs/heads/[\\x21-\\x7e]{1,255}$' }),
    runId: Type.Integer({ minimum: 1 }),
  },
  { additionalProperties: false },
);
export type Run = Static<typeof Run>;

/** What a run is called in its token, as GitHub Actions has it. */
export function workflowOf({ repository, workflow, ref }: Pick<Run, 'repository' | 'workflow' | 'ref'>): string {
  return `${repository}/${workflow}@${ref}`;
}
