import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { AttestError } from './error.ts';

const PUBLIC_TUF = 'https://tuf-repo-cdn.sigstore.dev';
const TIMEOUT_MS = 20_000;

/** Where a trusted root is published. */
export interface Published {
  /** Root of a TUF repository. Default Sigstore's public one. */
  readonly url?: string | undefined;
  /** File with the repository's own root.json that is trusted; asked for where the repository is not Sigstore's public one. */
  readonly rootFile?: string | undefined;
}

/**
 * The newest trusted root (JSON) of a TUF repository, verified from the first root that is trusted through every one that followed it: whoever holds the
 * mirror or the connection can give no other, nor an old one. Throws {@link AttestError} `TrustUnreadable` where it cannot be had so.
 */
export async function publishedRoot({ url = PUBLIC_TUF, rootFile }: Published = {}): Promise<string> {
  const cachePath = await mkdtemp(join(tmpdir(), 'rig-tuf-'));
  try {
    // Read here so that a name that is none is told as such.
    if (rootFile !== undefined) await readFile(rootFile);
    // Only a person's command asks for it: no program has to load it.
    const { getTrustedRoot } = await import('@sigstore/tuf');
    const root = await getTrustedRoot({
      cachePath,
      mirrorURL: url.replace(/\/+$/, ''),
      ...(rootFile !== undefined && { rootPath: rootFile }),
      forceInit: true,
      timeout: TIMEOUT_MS,
      retry: 1,
    });
    return JSON.stringify(TrustedRoot.toJSON(root));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 300) : 'it does not answer';
    throw new AttestError('TrustUnreadable', `The trusted root that ${url} publishes cannot be had: ${why}.`, {
      cause,
    });
  } finally {
    await rm(cachePath, { recursive: true, force: true });
  }
}
