import { type Static, Type } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { canonicalJSON } from '../approval/canonical.ts';
import { carriageReturn } from '../approval/document.ts';
import type { OpenedBundle } from '../approval/judge.ts';
import { type Human, humanOf, type Identity, isMachine } from '../approval/people.ts';
import { statementPayloadType } from '../approval/statement.ts';
import { strictJSON } from '../approval/strict-json.ts';
import type { Ceiling } from './policy.ts';
import type { Grant } from './standing.ts';

/** Says that a statement is a grant of trust, of document v1. */
export const grantPredicateType = 'https://rig.dashecorp.com/attestation/grant/v1';

const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

const name = Type.String({ minLength: 1, maxLength: 253 });
const GrantDocument = Type.Object(
  {
    /** Uid of the namespace kube-system: the one name that a cluster has. */
    clusterUID: name,
    namespace: name,
    agent: Type.Object({ name, uid: name }, { additionalProperties: false }),
    taskClass: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' }),
    /** As it answers, or one of its names. */
    model: Type.String({ minLength: 1, maxLength: 128 }),
    tier: Type.Union([Type.Literal('T1'), Type.Literal('T2')]),
    /** Tells two grants of the same apart. */
    nonce: Type.String({ pattern: '^[A-Za-z0-9-]{8,64}$' }),
  },
  { additionalProperties: false },
);

/** Document v1 of what is granted: where an Agent starts in a class of work with one model. It has no room for T3. */
export type GrantDocument = Static<typeof GrantDocument>;

/**
 * Names the field of a document for which nobody would take it once it is signed, as `taskClass` or `agent.name`; the empty text where it is no document at all,
 * null where it is one of version 1.
 */
export function wrongInGrant(document: unknown): string | null {
  const [error] = Check(GrantDocument, document) ? [] : Errors(GrantDocument, document);
  if (error !== undefined) return error.instancePath.slice(1).replaceAll('/', '.');
  return carriageReturn(document, '')?.slice(1) ?? null;
}

/** What a person signs to grant trust. */
export interface GrantStatement {
  readonly _type: string;
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: string } }];
  readonly predicateType: string;
  readonly predicate: { readonly document: GrantDocument };
}

/** The statement over a grant; `sha256` answers lower-case hex. Throws ApprovalError for a text that two readers could take for different ones. */
export function grantStatement(document: GrantDocument, sha256: (text: string) => string): GrantStatement {
  return {
    _type: STATEMENT_TYPES[0]!,
    subject: [{ name: 'grant', digest: { sha256: sha256(canonicalJSON(document)) } }],
    predicateType: grantPredicateType,
    predicate: { document },
  };
}

/** What a signed grant is held against. */
export interface GrantQuestion {
  readonly clusterUID: string;
  readonly agent: { readonly namespace: string; readonly uid: string };
  readonly humans: readonly Human[];
  readonly machines: readonly Identity[];
  /** In ms. */
  readonly now: number;
  /** Answers lower-case hex. */
  readonly sha256: (text: string) => string;
}

/** A grant that a listed person signed for exactly this Agent. */
export interface HoldingGrant {
  readonly holds: true;
  readonly identity: Identity;
  /** Of the document, in hex. */
  readonly digest: string;
  readonly document: GrantDocument;
  /** In ms. */
  readonly signedAt: number;
}

export type GrantVerdict = HoldingGrant | { readonly holds: false; readonly message: string };

/** How far the clock of a log may run ahead of ours, in ms. */
const SKEW_MS = 60_000;

/**
 * Whether what was signed is a grant for exactly this Agent, by a person who is listed now. Cryptography is behind us: `opened` was verified
 * against the trusted root. A grant has no end of its own; it falls with the person.
 */
export function judgeGrant(opened: OpenedBundle, question: GrantQuestion): GrantVerdict {
  const read = readGrant(opened, question.sha256);
  if ('refused' in read) return refused(`What was signed is no grant: ${read.refused}.`);
  const { document, digest } = read;
  const { identity, signedAt } = opened;
  const message = wrongSigner(opened, question) ?? wrongPlace(document, question);
  if (message !== null) return refused(message);
  if (!(signedAt <= question.now + SKEW_MS))
    return refused('It was signed in the future, as its log or timestamp authority tells; look at the clocks.');
  return { holds: true, identity, digest, document, signedAt };
}

function wrongSigner(
  { identity, nameKind, workflow }: OpenedBundle,
  { machines, humans }: GrantQuestion,
): string | null {
  const who = `${quoted(identity.subject)} of ${quoted(identity.issuer)}`;
  if (workflow || isMachine(identity, machines)) return `${who} is a machine; only a person can grant trust.`;
  const human = humanOf(identity, humans);
  if (human !== undefined && nameKind === (human.kind ?? 'email')) return null;
  return `${who} is not among the people whose signature counts; rig:root lists them.`;
}

function wrongPlace({ clusterUID, namespace, agent }: GrantDocument, question: GrantQuestion): string | null {
  if (clusterUID !== question.clusterUID) return 'It was granted in another cluster.';
  if (namespace === question.agent.namespace && agent.uid === question.agent.uid) return null;
  return `It was granted to Agent ${quoted(agent.name)} of ${quoted(namespace)} with the uid ${quoted(agent.uid)}, which is another.`;
}

function readGrant(
  { payloadType, payload }: OpenedBundle,
  sha256: (text: string) => string,
): { readonly digest: string; readonly document: GrantDocument } | { readonly refused: string } {
  if (payloadType !== statementPayloadType) return { refused: `the envelope carries ${quoted(payloadType)}` };
  const parsed = strictJSON(payload);
  if ('refused' in parsed) return parsed;
  const { _type, predicateType, subject, predicate } = objectOf(parsed.value);
  if (!STATEMENT_TYPES.includes(_type as string)) return { refused: 'its _type is no in-toto statement' };
  if (predicateType !== grantPredicateType) return { refused: `its predicateType is not ${grantPredicateType}` };
  const { document } = objectOf(predicate);
  const { tier } = objectOf(document);
  if (tier === 'T0' || tier === 'T3')
    return { refused: `${tier} is granted to nobody: T0 is where everyone starts, and T3 is driven by a person` };
  if (!Check(GrantDocument, document)) return { refused: 'its document is not one of version 1' };
  if (carriageReturn(document, 'its document') !== null) return { refused: 'its document holds a carriage return' };
  const digest = sha256(canonicalJSON(document));
  return digestOf(subject) === digest ? { digest, document } : { refused: 'its one subject is not its document' };
}

/** The one digest of the one subject; null for anything else. */
function digestOf(subject: unknown): string | null {
  if (!Array.isArray(subject) || subject.length !== 1) return null;
  const digest = objectOf(objectOf(subject[0]).digest);
  return Object.keys(digest).length === 1 && typeof digest.sha256 === 'string' ? digest.sha256 : null;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function refused(message: string): GrantVerdict {
  return { holds: false, message };
}

/** Words of others, short enough for a sentence and without anything that a terminal would act on. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 199)}…`);
}

/** A grant as the log tells it: worth nothing before its signature is verified. */
export interface ToldGrant {
  /** Of the act that brought it. */
  readonly id: string;
  readonly taskClass: string;
  readonly model: string;
  readonly tier: Ceiling;
  readonly bundle: string | null;
}

/** Says what a grant in an Agent's log is worth; null where nothing. */
export type WeighGrant = (agent: GrantQuestion['agent'], told: ToldGrant) => Grant | null;

/** For whoever can verify no signature: no grant holds. */
export const noGrant: WeighGrant = () => null;
