import { contractOfAttestations } from './contract-attestations.ts';
import { contractOfIssues } from './contract-issues.ts';
import { contractOfPullRequests } from './contract-pulls.ts';
import { contractOfRepositories } from './contract-repositories.ts';
import { contractOfReviews } from './contract-reviews.ts';
import { contractOfPages, contractOfRules } from './contract-rules.ts';
import type { Forge, RepositoryName } from './port.ts';

/** A forge with one repository for the contract to work in: `main` has one commit with `a.txt` of at least five lines. */
export interface ForgeWorld {
  readonly repo: RepositoryName;
  /** Three identities: two with write permission, one with administration; and one that does not see the repository. */
  readonly developer: Forge;
  readonly reviewer: Forge;
  readonly admin: Forge;
  readonly outsider: Forge;
  /** The same forge with a credential nobody has. */
  readonly nobody: Forge;
  /** How many requests `developer` has sent so far. */
  requests(): number;
  /** Commits `content` as a.txt on a branch (started at main's tip where it is new) with plain git, pushes it, answers the commit. */
  push(branch: string, content: string, commits?: number): Promise<string>;
  /** Reports a completed check run of an App on a commit. */
  check(sha: string, name: string, conclusion: 'success' | 'failure'): Promise<void>;
  /** Files what a machine signed, under the digests that its statement is about. */
  attest(bundle: object): Promise<void>;
  /** Reports a commit status. */
  status(sha: string, context: string, state: 'success' | 'failure' | 'pending'): Promise<void>;
}

/**
 * Registers the cases every adapter of {@link Forge} must pass. `makeForge` is called once, inside the first case, and what it
 * answers is used by all of them; closing it is the caller's.
 */
export function forgeContract(name: string, makeForge: () => Promise<ForgeWorld>): void {
  let made: Promise<ForgeWorld> | undefined;
  const world = () => (made ??= makeForge());
  contractOfRepositories(name, world);
  contractOfIssues(name, world);
  contractOfPullRequests(name, world);
  contractOfReviews(name, world);
  contractOfPages(name, world);
  contractOfRules(name, world);
  contractOfAttestations(name, world);
}
