import type { Account } from '#domain';
import type { ActivityFacts, Forge, PullRequestSummary, RepositoryName } from '#lib/forge';
import { issueOf, movesOf, movesOfAttempts } from './attempts.ts';

/** Moves of all refs together that are looked through for who pushed a commit. */
const MOST = 3_000;
const KEPT = 2_000;

type AuthorsForge = Pick<Forge, 'listActivity'>;

/** What pull requests of one head bring in, and the Issues that they belong to, by name. */
export interface Brought {
  /** Null where there are too many. */
  readonly commits: ReadonlySet<string> | null;
  readonly issues: readonly string[];
}

/** Accounts with a hand in pull requests, as the forge tells. Of each head it is asked until they are known, and then never again. */
export class Authors {
  readonly #known = new Map<string, readonly Account[] | null>();

  /**
   * Who opened these pull requests, pushed to their branches, or pushed one of their commits to another branch. Of a repository that moved more often
   * than is looked through, whoever pushed to the branch of any attempt of their Issues stands for the latter, beside who is seen to have. Null where the
   * forge does not tell who brought the present head, as for a branch of a fork, or not all who moved one of these branches, or the commits are not
   * known. What is written into commits decides nothing. Throws ForgeError.
   */
  async of(
    forge: AuthorsForge,
    name: RepositoryName,
    pulls: readonly PullRequestSummary[],
    brought: Brought,
  ): Promise<readonly Account[] | null> {
    if (brought.commits === null || pulls.some(({ head, base }) => head.repositoryId !== base.repositoryId))
      return null;
    const accounts: Account[] = [];
    for (const pull of pulls) {
      const movers = await this.#moversOf(forge, name, pull, brought);
      if (movers === null) return null;
      accounts.push(pull.author, ...movers);
    }
    return accounts;
  }

  async #moversOf(
    forge: AuthorsForge,
    name: RepositoryName,
    { number, head, base }: PullRequestSummary,
    brought: Brought,
  ): Promise<readonly Account[] | null> {
    const key = [`${base.repositoryId}#${number}`, head.ref, head.sha, ...brought.issues.toSorted()].join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ref = `refs/heads/${head.ref}`;
    const own = await movesOf(forge, name, ref);
    if (own !== null && !own.some(({ after }) => after === head.sha)) return null;
    const others = own && (await bringersOf(forge, name, ref, brought));
    // What is too much stays too much: moves are never fewer later.
    return this.#keep(key, own && others && [...own, ...others].map(({ actor }) => actor));
  }

  #keep(key: string, movers: readonly Account[] | null): readonly Account[] | null {
    this.#known.set(key, movers);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return movers;
  }
}

/** Moves by which one of the commits may have come to another branch. */
async function bringersOf(
  forge: AuthorsForge,
  name: RepositoryName,
  own: string,
  { commits, issues }: Brought,
): Promise<readonly ActivityFacts[] | null> {
  const listed = await forge.listActivity(name, { limit: MOST });
  if (listed.notModified) return null;
  const brought = listed.items.filter(({ after }) => after !== null && commits?.has(after));
  if (listed.complete) return brought;
  // Further back the forge is asked branch by branch, and knows them by name alone.
  const named = new Set([...issues, ...issueOf(own)]);
  if (named.size === 0) return null;
  const seen = [own, ...listed.items.map(({ ref }) => ref)];
  for (const issue of named) {
    const moves = await movesOfAttempts(forge, name, issue, seen);
    if (moves === null) return null;
    brought.push(...moves);
  }
  return brought;
}
