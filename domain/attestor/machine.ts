import type { OpenedBundle } from '../approval/judge.ts';
import type { Identity } from '../approval/people.ts';
import { statementPayloadType } from '../approval/statement.ts';
import { readChangeStatement } from './statement.ts';

/** How far the clock of a log may run ahead of ours, in ms. */
const SKEW_MS = 60_000;

/** What a machine's attestation is held against. */
export interface AttestationQuestion {
  /** sha256 (hex) of the text that names the head now. */
  readonly digest: string;
  readonly machines: readonly Identity[];
  readonly humans: readonly Identity[];
  /** In ms. */
  readonly now: number;
}

type AttestationVerdict =
  | { readonly vouches: true; readonly identity: Identity }
  | { readonly vouches: false; readonly message: string };

/**
 * Whether what was signed is a listed machine's word for exactly this head. Cryptography is behind us: `opened` was verified against the trusted root.
 * Name and issuer are compared as whole strings, so that a workflow of another branch or repository is another machine. It does not expire: another
 * head is another text.
 */
export function judgeAttestation(opened: OpenedBundle, question: AttestationQuestion): AttestationVerdict {
  const { payloadType, payload, identity, signedAt } = opened;
  const who = quoted(identity.subject);
  if (payloadType !== statementPayloadType) return refused('The envelope carries no statement.');
  const statement = readChangeStatement(payload);
  if ('refused' in statement) return refused(`What ${who} signed cannot be taken: ${statement.refused}.`);
  if (statement.digest !== question.digest) return refused(`What ${who} signed is of another head or repository.`);
  if (question.humans.some((human) => same(human, identity)))
    return refused(`${who} is listed as a person, whose word is not a machine's.`);
  if (!question.machines.some((machine) => same(machine, identity)))
    return refused(`${who} of ${quoted(identity.issuer)} is not among the listed machines.`);
  if (!(signedAt <= question.now + SKEW_MS)) return refused(`What ${who} signed was signed in the future.`);
  return { vouches: true, identity };
}

export function same(one: Identity, other: Identity): boolean {
  return one.subject === other.subject && one.issuer === other.issuer;
}

/** Words of others, short enough for a sentence and without anything that a terminal would act on. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 199)}…`);
}

function refused(message: string): AttestationVerdict {
  return { vouches: false, message };
}
