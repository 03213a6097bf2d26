import type { Context } from '../context.ts';
import { invalid } from '../refusal.ts';
import type { RepositoryRow } from '../store/index.ts';

/** Keeps a Sigstore bundle under each digest that its statement is about, as it is: nothing here verifies it. Answers its id. */
export function createAttestation({ store }: Context, repo: RepositoryRow, bundle: Record<string, unknown>): number {
  const digests = digestsOf(bundle);
  if (digests.length === 0) throw invalid('Attestation', 'bundle');
  const ids = store.transaction(() =>
    digests.map((digest) => store.attestations.insert({ repoId: repo.id, digest, bundle }).id),
  );
  return ids[0]!;
}

function digestsOf({ dsseEnvelope }: Record<string, unknown>): string[] {
  try {
    const { payload } = dsseEnvelope as { payload: string };
    const { subject } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as {
      subject: { digest: Record<string, string> }[];
    };
    const digests = subject.flatMap(({ digest }) =>
      Object.entries(digest).map(([algorithm, value]) => `${algorithm}:${value}`),
    );
    return [...new Set(digests)];
  } catch {
    return [];
  }
}
