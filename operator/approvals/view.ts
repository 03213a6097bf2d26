import { ApprovalError, type ApprovalScope, approvalScopes } from '#domain';
import type { ApprovalResponse } from '#lib/conductor';
import type { Queryable } from '#lib/db';
import { HttpError } from '#lib/http';
import { Retry } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import type { PresentReader } from './present.ts';

/** What a person would sign of an issue now. Throws HttpError: 404 for no such Issue, 400 for no such scope, 422 where there is nothing of it to approve. */
export async function approvalView(
  { objects, log }: Conductor,
  present: PresentReader,
  { namespace, name, scope: asked }: { namespace: string; name: string; scope: string | undefined },
): Promise<ApprovalResponse> {
  const scope = approvalScopes.find((one): one is ApprovalScope => one === asked);
  if (scope === undefined) {
    throw new HttpError('BadRequest', 'BadScope', `Name a scope: ${approvalScopes.join(', ')}.`);
  }
  const issue = objects.issues.get(namespace, name);
  if (issue === undefined) throw new HttpError('NotFound', 'NoIssue', `There is no Issue ${name} in ${namespace}.`);
  const { rows } = await log.pool.query<{ id: string }>(`SELECT id FROM subjects WHERE kind = 'Issue' AND uid = $1`, [
    issue.metadata.uid,
  ]);
  if (rows[0] === undefined)
    throw new HttpError('NotFound', 'NoIssue', `The conductor has not seen Issue ${name} yet; ask again.`);
  try {
    const state = await log.load(rows[0]);
    const { document, digest } = await present.of(issue, state, scope);
    const plan = scope === 'interface' ? await planOf(log.pool, rows[0].id, state.plan!.digest) : undefined;
    return { scope, digest, document, ...(plan !== undefined && { plan }) };
  } catch (error) {
    if (error instanceof ApprovalError) throw new HttpError('Unprocessable', error.code, error.message);
    if (error instanceof Retry)
      throw new HttpError('Unavailable', error.reason, error.message, { retryAfterSeconds: 2 });
    throw error;
  }
}

/** The plan as it was proposed; what the forge shows of it, somebody may have edited. */
async function planOf(db: Queryable, stream: string, digest: string): Promise<string | undefined> {
  const { rows } = await db.query<{ text: string }>(
    `SELECT data ->> 'text' AS text FROM events WHERE stream = $1 AND type = 'PLAN_PROPOSED' AND data ->> 'digest' = $2
       ORDER BY version DESC LIMIT 1`,
    [stream, digest],
  );
  return rows[0]?.text;
}
