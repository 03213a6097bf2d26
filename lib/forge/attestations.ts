import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import { checkRepository } from './names.ts';
import type { RepositoryName } from './port.ts';
import { object, objectOrNull, objects } from './read.ts';

export interface AttestationsForge {
  /**
   * Sigstore bundles (their JSON) that were filed at a repository about a sha256 (hex), newest first: at most thirty, and none larger than 512 KiB.
   * Whoever may write attestations can file one: what each is worth its signature says. Empty where there are none, or no such repository.
   */
  attestations(repo: RepositoryName, sha256: string): Promise<readonly string[]>;
}

const MOST = 30;
const MAX_BUNDLE_BYTES = 512 * 1_024;

/** What machines signed, as the forge keeps it beside a repository. */
export function attestations(client: Client): AttestationsForge {
  return {
    attestations: async (repo, sha256) => {
      const where = checkRepository(repo);
      if (!/^[0-9a-f]{64}$/.test(sha256))
        throw new ForgeError('Validation', 'A digest is 64 hex digits in lower case.');
      try {
        const { data } = await client.read((octokit) =>
          octokit.request('GET /repos/{owner}/{repo}/attestations/{subject_digest}', {
            ...where,
            subject_digest: `sha256:${sha256}`,
            per_page: MOST,
          }),
        );
        return bundlesOf(object(data, 'attestations').attestations);
      } catch (error) {
        if (error instanceof ForgeError && error.code === 'NotFound') return [];
        throw error;
      }
    },
  };
}

/** One that the forge keeps elsewhere has no bundle here, and is left out. */
function bundlesOf(told: unknown): string[] {
  return objects(told, MOST)
    .flatMap(({ bundle }) => {
      const found = objectOrNull(bundle);
      return found === null ? [] : [JSON.stringify(found)];
    })
    .filter((text) => Buffer.byteLength(text) <= MAX_BUNDLE_BYTES);
}
