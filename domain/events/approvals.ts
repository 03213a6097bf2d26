import { Type } from 'typebox';
import { event, name, nullable, reason, sentence, sha } from './parts.ts';

const scope = Type.Union([Type.Literal('dispatch'), Type.Literal('interface'), Type.Literal('merge')]);
const approval = { approval: name, uid: name };
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What becomes of Approvals, told in the stream of their Issue. */
export const approvalEvents = {
  APPROVAL_VERIFIED: event('A person’s signature over exactly this issue was verified.', {
    ...approval,
    scope,
    digest: sha256,
    signature: sha256,
    headSHA: nullable(sha),
    subject: Type.String({ maxLength: 1_024 }),
    issuer: Type.String({ maxLength: 1_024 }),
    signedAt: name,
    expiresAt: name,
  }),
  APPROVAL_REFUSED: event('An Approval was made that approves nothing, and why.', {
    ...approval,
    scope,
    reason,
    message: sentence,
    signature: Type.Optional(sha256),
  }),
  APPROVAL_REVOKED: event('An Approval that was verified does not hold any more before its time is over.', {
    ...approval,
    reason,
    message: sentence,
  }),
  APPROVAL_USED: event('An Approval was verified once more and let through what is told in the same transaction.', {
    ...approval,
    scope,
    digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    headSHA: nullable(sha),
    subject: Type.String({ maxLength: 1_024 }),
    issuer: Type.String({ maxLength: 1_024 }),
    allows: Type.Union([Type.Literal('ISSUE_ASSIGNED'), Type.Literal('MERGE_REQUESTED')]),
  }),
} as const;
