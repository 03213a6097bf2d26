import { GitError } from './error.ts';
import { type GitOptions, git } from './git.ts';

/** Commits of one repository, by name. */
export interface LineageQuestion {
  /** Commits that are looked for. */
  readonly own: readonly string[];
  /** Commits below which they may be; asked for by name where the copy does not have them. */
  readonly tips: readonly string[];
  /** Such that are looked at only where the copy has them. */
  readonly besides: readonly string[];
}

export interface LineageAnswer {
  /** Every commit but `own` that leads to one of them, with its parents. */
  readonly builtOn: ReadonlyMap<string, readonly string[]>;
  /** Those of `tips` that are not to be had, or of which what they lead to is not. */
  readonly gone: ReadonlySet<string>;
}

/** The forge that a copy is of. */
export type Origin = { readonly url: string } & Pick<GitOptions, 'authorization'>;

const FETCH_MS = 120_000;
/** Commits that are asked for at once, and how often the forge is asked; each that it does not have any more takes one time. */
const MOST_WANTED = 200;
const MOST_FETCHES = 40;
/** Bytes of what builds on the commits, as git lists it: some hundred thousand commits. */
const LISTED_MAX = 16 * 1024 * 1024;
/** How git tells which one a forge has not, or gives to nobody. */
const NOT_GIVEN = /(?:not our ref|unadvertised object|remote ref) (?<sha>[0-9a-f]{40,64})/;

/**
 * Reads in a copy, which is used by nobody else meanwhile, what builds on some commits: one question to git for all tips, and at most forty to the forge. Throws GitError
 * where git or the forge does not answer.
 */
export async function readLineage(copy: string, asked: LineageQuestion, origin: Origin): Promise<LineageAnswer> {
  const needed = [...new Set([...asked.own, ...asked.tips])];
  const there = await commitsIn(copy, [...needed, ...asked.besides]);
  const missing = needed.filter((sha) => !there.has(sha));
  const gone = await bring(copy, missing, origin);
  for (const sha of missing) if (!gone.has(sha)) there.add(sha);
  if (asked.own.some((sha) => gone.has(sha))) return { builtOn: new Map(), gone: new Set(asked.tips) };
  try {
    return { builtOn: await listBuiltOn(copy, asked.own, there), gone };
  } catch (error) {
    if (!(error instanceof GitError) || error.code === 'TooMuchOutput' || error.exitCode !== 128) throw error;
    // Of what no ref reaches a part may have been deleted.
    const lost = await bring(copy, needed, origin);
    const whole = new Set(needed.filter((sha) => !lost.has(sha)));
    return { builtOn: await listBuiltOn(copy, asked.own, whole), gone: lost };
  }
}

async function commitsIn(copy: string, commits: readonly string[]): Promise<Set<string>> {
  const said = await git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    cwd: copy,
    input: lines(commits),
    bounded: true,
    outputMax: LISTED_MAX,
  });
  return new Set(said.split('\n').flatMap((line) => (line.endsWith(' commit') ? [line.slice(0, -7)] : [])));
}

async function listBuiltOn(copy: string, own: readonly string[], tips: ReadonlySet<string>) {
  const said = await git(['rev-list', '--parents', '--ancestry-path', '--stdin'], {
    cwd: copy,
    input: lines([...tips, ...own.map((sha) => `^${sha}`)]),
    bounded: true,
    outputMax: LISTED_MAX,
  });
  const listed = said.split('\n').filter((line) => line !== '');
  return new Map(
    listed.map((line): [string, readonly string[]] => {
      const [commit = '', ...parents] = line.split(' ');
      return [commit, parents];
    }),
  );
}

/** Asks the forge for commits by their names; answers those that it does not have, or that were too many to ask for. */
async function bring(copy: string, commits: readonly string[], origin: Origin): Promise<Set<string>> {
  const gone = new Set<string>();
  let fetches = 0;
  for (let at = 0; at < commits.length; at += MOST_WANTED) {
    let wanted = commits.slice(at, at + MOST_WANTED);
    while (wanted.length > 0) {
      if (fetches >= MOST_FETCHES) for (const sha of wanted) gone.add(sha);
      const lost = fetches++ < MOST_FETCHES ? await fetchOnce(copy, wanted, origin) : null;
      if (lost === null) break;
      gone.add(lost);
      wanted = wanted.filter((sha) => sha !== lost);
    }
  }
  return gone;
}

/** One that the forge does not have, for which it gave none; null where it gave all. */
async function fetchOnce(copy: string, wanted: readonly string[], { url, authorization }: Origin) {
  try {
    const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', url, ...wanted];
    await git(args, { cwd: copy, timeoutMs: FETCH_MS, ...(authorization && { authorization }) });
    return null;
  } catch (error) {
    const lost = error instanceof GitError ? NOT_GIVEN.exec(error.output)?.groups?.sha : undefined;
    if (lost === undefined || !wanted.includes(lost)) throw error;
    return lost;
  }
}

function lines(names: readonly string[]): Buffer {
  return Buffer.from(names.map((name) => `${name}\n`).join(''));
}
