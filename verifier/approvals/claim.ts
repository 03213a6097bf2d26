import { type ApprovalDocument, readStatement } from '#domain';

/** What a bundle claims before anybody has verified it: only to be held against what is known, never to be believed. */
export interface Claim {
  readonly headSHA: string;
  readonly document: ApprovalDocument;
}

/** The document that a bundle claims to be of; null where it is none, or of no head. */
export function claimOf(bundle: string): Claim | null {
  try {
    const { dsseEnvelope } = JSON.parse(bundle) as { dsseEnvelope?: { payload?: unknown } };
    if (typeof dsseEnvelope?.payload !== 'string') return null;
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(dsseEnvelope.payload, 'base64'),
    );
    const statement = readStatement(text);
    if ('refused' in statement) return null;
    const { headSHA } = (statement.document as { pullRequest?: { headSHA?: unknown } }).pullRequest ?? {};
    return typeof headSHA === 'string' ? { headSHA, document: statement.document } : null;
  } catch {
    return null;
  }
}
