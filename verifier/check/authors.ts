import { type Account, isBrought, type MovedRef } from '#domain';
import type { ActivityFacts, Forge, PullRequestSummary, RepositoryName } from '#lib/forge';
import type { LineageAnswer, LineageQuestion } from '#lib/git';
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
  /** What git says of where else they are. Throws where it does not tell. */
  readonly lineage: (asked: LineageQuestion) => Promise<LineageAnswer>;
  /** Every pull request that is open, of forks too. */
  readonly open: readonly PullRequestSummary[];
}

/** A ref that somebody set, or a pull request that somebody opened. */
interface MovedBy extends MovedRef {
  readonly actor: Account;
}

/** Accounts with a hand in pull requests, as the forge tells. Of each head it is asked until they are known, and then never again. */
export class Authors {
  readonly #known = new Map<string, readonly Account[] | null>();

  /**
   * Who opened these pull requests, pushed to their branches or to that of any attempt of their Issues, or brought one of their commits to another branch or
   * into another open pull request, however deep below what they pushed. Whoever pushed what git does not have any more counts. Of a repository that moved
   * more often than is looked through, the newest moves are. Null where the forge does not tell who brought the present head, as for a branch of a fork, or
   * not all who moved one of these branches, or the commits are not known. What is written into commits decides nothing. Throws ForgeError, and what
   * `lineage` throws.
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
    // Others are opened at any time, so they are looked at each time; git has most of them.
    const others = brought.open.map(({ head, author }) => ({ before: null, after: head.sha, actor: author }));
    return [...accounts, ...(await bringersAmong(others, accounts, brought))];
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
    // What is too much stays too much: moves are never fewer later.
    return this.#keep(key, own && (await moversBeside(forge, name, { ref, own }, brought)));
  }

  #keep(key: string, movers: readonly Account[] | null): readonly Account[] | null {
    this.#known.set(key, movers);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return movers;
  }
}

/** Whoever moved a branch, that of an attempt, or another to what may have had one of the commits. */
async function moversBeside(
  forge: AuthorsForge,
  name: RepositoryName,
  { ref, own }: { readonly ref: string; readonly own: readonly ActivityFacts[] },
  brought: Brought,
): Promise<readonly Account[] | null> {
  const listed = await forge.listActivity(name, { limit: MOST });
  if (listed.notModified) return null;
  const issues = new Set([...brought.issues, ...issueOf(ref)]);
  const ofAttempts = listed.items.filter((move) => issueOf(move.ref).some((issue) => issues.has(issue)));
  const certain = [...own, ...ofAttempts];
  if (!listed.complete) {
    // Further back the forge is asked branch by branch, and knows them by name alone.
    if (issues.size === 0) return null;
    const seen = [ref, ...listed.items.map((move) => move.ref)];
    for (const issue of issues) {
      const moves = await movesOfAttempts(forge, name, issue, seen);
      if (moves === null) return null;
      certain.push(...moves);
    }
  }
  const accounts = certain.map(({ actor }) => actor);
  return [...accounts, ...(await bringersAmong(listed.items, accounts, brought))];
}

/** Those of the movers, others than are `known`, who brought one of the commits. */
async function bringersAmong(
  moves: readonly MovedBy[],
  known: readonly Account[],
  { commits, lineage }: Brought,
): Promise<Account[]> {
  const ids = new Set(known.map(({ id }) => id));
  const others = moves.filter(({ actor, after }) => after !== null && !ids.has(actor.id));
  if (others.length === 0 || commits === null) return [];
  const tips = others.flatMap(({ after }) => after ?? []);
  const told = await lineage({ own: [...commits], tips, besides: others.flatMap(({ before }) => before ?? []) });
  return others.filter((move) => isBrought(move, { ...told, own: commits })).map(({ actor }) => actor);
}
