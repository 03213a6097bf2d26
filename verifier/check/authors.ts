import type { Account } from '#domain';
import type { ActivityFacts, Forge, PullRequestSummary, RepositoryName } from '#lib/forge';

/** Moves that are looked through for who made them: of a branch, and of all refs. A branch that moved more often has authors that nobody knows. */
const MOST = 1_000;
const KEPT = 2_000;

type AuthorsForge = Pick<Forge, 'listActivity'>;

/** Accounts with a hand in pull requests, as the forge tells. Of each head it is asked until they are known, and then never again. */
export class Authors {
  readonly #known = new Map<string, readonly Account[]>();

  /**
   * Who opened these pull requests, pushed to their branches, or pushed one of their `commits` to another branch; null where the forge does not tell
   * who brought the present head, as for a branch of a fork, or not all that came before it, or the commits are not known. What is written into
   * commits decides nothing. Throws ForgeError.
   */
  async of(
    forge: AuthorsForge,
    name: RepositoryName,
    pulls: readonly PullRequestSummary[],
    commits: ReadonlySet<string> | null,
  ): Promise<readonly Account[] | null> {
    if (commits === null || pulls.some(({ head, base }) => head.repositoryId !== base.repositoryId)) return null;
    const accounts: Account[] = [];
    for (const pull of pulls) {
      const movers = await this.#moversOf(forge, name, pull, commits);
      if (movers === null) return null;
      accounts.push(pull.author, ...movers);
    }
    return accounts;
  }

  async #moversOf(
    forge: AuthorsForge,
    name: RepositoryName,
    { number, head, base }: PullRequestSummary,
    commits: ReadonlySet<string>,
  ): Promise<readonly Account[] | null> {
    const key = `${base.repositoryId}#${number} ${head.ref} ${head.sha}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ref = `refs/heads/${head.ref}`;
    const own = await movesOf(forge, name, ref);
    if (own === null || !own.some(({ after }) => after === head.sha)) return null;
    const all = await movesOf(forge, name);
    if (all === null) return null;
    const brought = all.filter((move) => move.after !== null && commits.has(move.after));
    const movers = [...own, ...brought].map(({ actor }) => actor);
    this.#known.set(key, movers);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return movers;
  }
}

/** Moves of a ref, null where they are too many; the newest ones of all refs where none is named. */
async function movesOf(
  forge: AuthorsForge,
  name: RepositoryName,
  ref?: string,
): Promise<readonly ActivityFacts[] | null> {
  const listed = await forge.listActivity(name, { limit: MOST, ...(ref === undefined ? {} : { ref }) });
  if (listed.notModified) return null;
  if (ref === undefined) return listed.items;
  return listed.complete ? listed.items.filter((move) => move.ref === ref) : null;
}
