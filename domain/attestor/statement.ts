import { strictJSON } from '../approval/strict-json.ts';

/** Says that a statement is a machine's word for one head of a repository. */
export const changePredicateType = 'https://rig.dashecorp.com/attestation/change/v1';

const statementTypes = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

/** What a machine vouches for: exactly this head, in exactly this repository of the forge. */
interface AttestedHead {
  /** The forge's numeric id of the repository. */
  readonly repositoryId: number;
  readonly headSHA: string;
}

/**
 * The text whose sha256 a machine signs: RFC 8785 JSON, short enough to be made by `printf` in a workflow. A head alone would not do, for a fork has
 * the same one, and one workflow may vouch for many repositories.
 */
export function attestedText({ repositoryId, headSHA }: AttestedHead): string {
  return `{"headSHA":"${headSHA}","repositoryId":${repositoryId}}`;
}

/**
 * What a machine signs for a head, as `actions/attest` writes it: an in-toto statement about {@link attestedText}, with what it has to say of how it came
 * to that, which nobody goes by. `sha256` answers lower-case hex.
 */
export function changeStatement(
  head: AttestedHead,
  { sha256, predicate = {} }: { readonly sha256: (text: string) => string; readonly predicate?: object },
): string {
  const subject = [{ name: 'change', digest: { sha256: sha256(attestedText(head)) } }];
  return JSON.stringify({ _type: statementTypes[0], subject, predicateType: changePredicateType, predicate });
}

/** The digest (hex) that a machine's statement is about; or half a sentence why nobody should take it for one. */
export function readChangeStatement(text: string): { readonly digest: string } | { readonly refused: string } {
  const parsed = strictJSON(text);
  if ('refused' in parsed) return parsed;
  const statement = parsed.value;
  if (!isObject(statement)) return { refused: 'it is no object' };
  if (!statementTypes.includes(statement._type as string)) return { refused: 'its _type is no in-toto statement' };
  if (statement.predicateType !== changePredicateType)
    return { refused: `its predicateType is not ${changePredicateType}` };
  const digest = subjectOf(statement.subject);
  return digest === null ? { refused: 'it must have one subject with one digest, a sha256' } : { digest };
}

function subjectOf(subject: unknown): string | null {
  if (!Array.isArray(subject) || subject.length !== 1 || !isObject(subject[0])) return null;
  const { digest } = subject[0];
  if (!isObject(digest) || Object.keys(digest).length !== 1) return null;
  return typeof digest.sha256 === 'string' && /^[0-9a-f]{64}$/.test(digest.sha256) ? digest.sha256 : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
