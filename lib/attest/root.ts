import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, Verifier } from '@sigstore/verify';
import { AttestError } from './error.ts';

/** A date that the library takes where none is given is so far off. */
const FOREVER = Date.UTC(9000, 0);

/** Whose word counts for when something was signed: the log's promise, a timestamp authority's, or either. */
export type SignedTime = 'log' | 'timestamp' | 'either';

/** A trusted root, ready to verify. Make it once: reading certificates is the costly part. */
export interface Trust {
  readonly verifier: Verifier;
  readonly signedTime: SignedTime;
  /** From when on nothing new can be signed that it verifies, in ms: the first of its parts has run out. Null where none ends. */
  readonly expiresAt: number | null;
}

/**
 * Reads a trusted root (Sigstore's `trusted_root.json`). A bundle then needs a certificate of one of its authorities with
 * the promise of one of its certificate logs, an entry in one of its logs, and a time. Throws {@link AttestError}
 * `TrustUnreadable` where anything of that is missing in it: a root that cannot verify must not look like one that refuses.
 */
export function readTrust(text: string, { signedTime = 'either' }: { signedTime?: SignedTime } = {}): Trust {
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(text));
    const material = toTrustMaterial(withStarts(root));
    const { certificateAuthorities, ctlogs, tlogs, timestampAuthorities } = material;
    const missing = [
      ...(certificateAuthorities.length === 0 ? ['a certificate authority'] : []),
      ...(ctlogs.length === 0 ? ['a certificate log'] : []),
      ...(tlogs.length === 0 ? ['a transparency log'] : []),
      ...(signedTime === 'timestamp' && timestampAuthorities.length === 0 ? ['a timestamp authority'] : []),
    ];
    if (missing.length > 0)
      throw new AttestError('TrustUnreadable', `The trusted root names no ${missing.join(', ')}.`);
    return {
      verifier: new Verifier(material, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 }),
      signedTime,
      expiresAt: firstEnd(material, signedTime),
    };
  } catch (cause) {
    if (cause instanceof AttestError) throw cause;
    throw new AttestError('TrustUnreadable', 'The trusted root is not a trusted_root.json of Sigstore.', { cause });
  }
}

/** A key without a beginning would have been good at any time, also before it was anybody's. */
function withStarts(root: TrustedRoot): TrustedRoot {
  const logs = [...root.tlogs, ...root.ctlogs];
  if (logs.every(({ publicKey }) => publicKey?.validFor?.start !== undefined)) return root;
  throw new AttestError('TrustUnreadable', 'A log in the trusted root does not say since when its key is valid.');
}

/** A part ends with the last of its entries: what has run out stays in a root for what was signed before. */
function firstEnd(material: ReturnType<typeof toTrustMaterial>, signedTime: SignedTime): number | null {
  const chained = ({ certChain, validFor }: { certChain: { notAfter: Date }[]; validFor: { end: Date } }) =>
    Math.min(validFor.end.getTime(), ...certChain.map(({ notAfter }) => notAfter.getTime()));
  const keyed = ({ validFor }: { validFor: { end: Date } }) => validFor.end.getTime();
  const parts = [
    material.certificateAuthorities.map(chained),
    material.ctlogs.map(keyed),
    material.tlogs.map(keyed),
    ...(signedTime === 'timestamp' ? [material.timestampAuthorities.map(chained)] : []),
  ];
  const end = Math.min(...parts.map((ends) => Math.max(...ends)));
  return end >= FOREVER ? null : end;
}
