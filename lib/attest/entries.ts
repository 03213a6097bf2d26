import { createHash } from 'node:crypto';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { AttestError } from './error.ts';

/** One of those whose word a trusted root takes. */
export interface RootEntry {
  readonly part: 'certificate authority' | 'certificate log' | 'transparency log' | 'timestamp authority';
  readonly url: string;
  /** sha256 (hex) of its key, or of its certificates one after the other. */
  readonly fingerprint: string;
  /** RFC 3339; null where it says none. */
  readonly from: string | null;
  readonly until: string | null;
}

/** Everybody whose word a trusted root takes, in its order. Throws {@link AttestError} `TrustUnreadable`. */
export function entriesOf(text: string): RootEntry[] {
  const root = parse(text);
  return [
    ...root.certificateAuthorities.map((one) => authority('certificate authority', one)),
    ...root.ctlogs.map((one) => log('certificate log', one)),
    ...root.tlogs.map((one) => log('transparency log', one)),
    ...root.timestampAuthorities.map((one) => authority('timestamp authority', one)),
  ];
}

function parse(text: string): TrustedRoot {
  try {
    return TrustedRoot.fromJSON(JSON.parse(text));
  } catch (cause) {
    throw new AttestError('TrustUnreadable', 'The trusted root is not a trusted_root.json of Sigstore.', { cause });
  }
}

function authority(
  part: RootEntry['part'],
  { uri, certChain, validFor }: TrustedRoot['certificateAuthorities'][number],
) {
  const bytes = (certChain?.certificates ?? []).map(({ rawBytes }) => rawBytes);
  return { part, url: uri, fingerprint: hash(bytes), ...times(validFor) };
}

function log(part: RootEntry['part'], { baseUrl, publicKey }: TrustedRoot['tlogs'][number]) {
  return {
    part,
    url: baseUrl,
    fingerprint: hash([publicKey?.rawBytes ?? Buffer.alloc(0)]),
    ...times(publicKey?.validFor),
  };
}

function times(range: { start?: Date | undefined; end?: Date | undefined } | undefined) {
  const text = (date: Date | undefined) => date?.toISOString() ?? null;
  return { from: text(range?.start), until: text(range?.end) };
}

function hash(parts: readonly Uint8Array[]): string {
  const sha256 = createHash('sha256');
  for (const part of parts) sha256.update(part);
  return sha256.digest('hex');
}
