import { Type } from 'typebox';
import { ceiling, count, event, name, nullable, sentence, sha, tier, user } from './parts.ts';

const answered = { mergeSHA: sha, by: user, act: name, note: nullable(sentence) };
const moved = { taskClass: name, model: name, from: ceiling, to: ceiling, message: sentence };

/**
 * What the trust ledger is made of. The first five are told in an Issue's stream, the others in an Agent's. TRUST_PROMOTED, TRUST_DEMOTED and
 * TRUST_RESET say what follows from all others; the ledger itself never reads them.
 */
export const trustEvents = {
  CHANGE_MEASURED: event('What was merged was read from git: what it is made of and how its own diff is graded.', {
    mergeSHA: sha,
    baseSHA: sha,
    tier: nullable(tier),
    taskClass: nullable(name),
    reason: sentence,
    substance: Type.Union([
      Type.Literal('written'),
      Type.Literal('generated'),
      Type.Literal('inverse'),
      Type.Literal('empty'),
    ]),
    files: count,
    lines: count,
  }),
  CHANGE_REVERTED: event('A merged change was taken out of its base branch again: git shows its inverse.', {
    mergeSHA: sha,
    by: sha,
    shape: Type.Union([Type.Literal('whole'), Type.Literal('partial'), Type.Literal('contained')]),
    lines: count,
    ofLines: count,
    message: sentence,
  }),
  REVERT_QUESTIONED: event('Something says that a merged change was taken back, and only a person can tell whether.', {
    mergeSHA: sha,
    by: sha,
    message: sentence,
  }),
  TRUST_FAULTED: event('A person said that a merged change had to be taken back.', answered),
  TRUST_CLEARED: event('A person said that a merged change did not have to be taken back.', answered),
  TRUST_PROMOTED: event('An Agent earned a higher ceiling for a class of work with one model.', moved),
  TRUST_DEMOTED: event('An Agent lost its ceiling for a class of work with one model.', {
    ...moved,
    cooldownUntil: nullable(name),
  }),
  TRUST_RESET: event('A model answered for an Agent for the first time: it starts at T0 in every class.', {
    model: name,
    first: name,
  }),
  TRUST_ACKNOWLEDGED: event(
    'A person acknowledged a model of an Agent: from then on a success lifts its ceiling above T0, by all that it earned.',
    {
      model: name,
      by: user,
      act: name,
      note: nullable(sentence),
    },
  ),
  TRUST_GRANTED: event(
    'A person signed where an Agent starts in a class of work with one model. Worth what its bundle is worth to whoever reads it.',
    {
      taskClass: name,
      model: name,
      tier: ceiling,
      by: user,
      act: name,
      note: nullable(sentence),
      /** Who signed it, as the certificate says; `by` is who brought it. */
      signer: Type.Optional(Type.Object({ subject: user, issuer: user })),
      /** sha256 (hex) of the document that was signed. */
      digest: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
      signedAt: Type.Optional(name),
      bundle: Type.Optional(Type.String({ maxLength: 131_072 })),
    },
  ),
} as const;
