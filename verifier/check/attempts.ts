import type { ActivityFacts, Forge, RepositoryName } from '#lib/forge';

type MovesForge = Pick<Forge, 'listActivity'>;

/** Moves of one branch that are looked through. */
const MOST = 1_000;
/** Branches of one Issue that are asked about. */
const MOST_ATTEMPTS = 100;
/** An attempt may end before it pushes; after so many in a row that never did there are no further ones. */
const SILENT = 3;

/** Name of the Issue that a ref is the branch of an attempt of; none for another ref. */
export function issueOf(ref: string): readonly string[] {
  const name = /^refs\/heads\/rig\/(?<issue>[^/]+)\/\d+$/.exec(ref)?.groups?.issue;
  return name === undefined ? [] : [name];
}

/** Every move of a ref; null where they are more than anybody looks through. Throws ForgeError. */
export async function movesOf(
  forge: MovesForge,
  name: RepositoryName,
  ref: string,
): Promise<readonly ActivityFacts[] | null> {
  const listed = await forge.listActivity(name, { limit: MOST, ref });
  if (listed.notModified || !listed.complete) return null;
  return listed.items.filter((move) => move.ref === ref);
}

/**
 * Every move of the branches of an Issue's attempts, of those that are deleted too: as many as `seen` refs name, and on from there until several in a
 * row never moved. Null where they are too many. Throws ForgeError.
 */
export async function movesOfAttempts(
  forge: MovesForge,
  name: RepositoryName,
  issue: string,
  seen: readonly string[],
): Promise<readonly ActivityFacts[] | null> {
  const prefix = `refs/heads/rig/${issue}/`;
  const numbers = seen.filter((ref) => ref.startsWith(prefix)).map((ref) => Number(ref.slice(prefix.length)));
  let last = Math.max(0, ...numbers.filter(Number.isSafeInteger));
  const all: ActivityFacts[] = [];
  for (let attempt = 1; attempt <= last + SILENT; attempt += 1) {
    if (last > MOST_ATTEMPTS) return null;
    const moves = await movesOf(forge, name, `${prefix}${attempt}`);
    if (moves === null) return null;
    if (moves.length > 0) last = Math.max(last, attempt);
    all.push(...moves);
  }
  return all;
}
