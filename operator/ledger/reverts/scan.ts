import { judgeLinesGone, judgeUndone, saidReverted } from '#domain';
import type { Pool } from '#lib/db';
import { GitError } from '#lib/git';
import type { RepositoryKey } from '../../mirror/mirror.ts';
import { filesOf, messageOf, parentsOf } from './commits.ts';
import { type Pieces, piecesOf } from './hunks.ts';
import { takeChanges, touchedBy } from './kept.ts';
import { takePieces } from './pieces.ts';
import type { Telling } from './telling.ts';
import { subjectOf } from './waiting.ts';

/** Looks that may fail at one commit before it counts as one that nobody can read. */
const TRIES = 3;

/** A bare repository, and the forge's that it is a copy of. */
export interface Place {
  readonly cwd: string;
  readonly key: RepositoryKey;
}

/** Holds commits of base branches against the changes that were merged before them. */
export class Scanner {
  readonly #pool: Pool;
  readonly #telling: Telling;
  /** Failed looks by commit. */
  readonly #failed = new Map<string, number>();

  constructor(pool: Pool, telling: Telling) {
    this.#pool = pool;
    this.#telling = telling;
  }

  /**
   * Holds one commit against the merged changes before it, or against the one merged as `only`. What git cannot read of it a person is asked
   * about, so that no commit holds up those behind it.
   */
  async scan(place: Place, commit: string, only: string | null = null): Promise<void> {
    const [parent] = await parentsOf(place.cwd, commit);
    if (parent === undefined) return;
    const pieces = await this.readable(commit, () => piecesOf({ cwd: place.cwd }, parent, commit));
    if (pieces === null) await this.#askAll(place, parent, commit, only);
    else {
      await this.#byPieces(place, commit, pieces, only);
      await this.#byLines(place, commit, pieces, only);
    }
    await this.#heed(place, commit, only);
  }

  /** Null for what git says too much about to be read, and for what it failed at again and again. Throws GitError for what may be read at the next look. */
  async readable<T>(what: string, read: () => Promise<T>): Promise<T | null> {
    try {
      const found = await read();
      this.#failed.delete(what);
      return found;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      const times = (this.#failed.get(what) ?? 0) + 1;
      this.#failed.set(what, times);
      if (error.code !== 'TooMuchOutput' && times < TRIES) throw error;
      return null;
    }
  }

  async #byPieces({ key }: Place, commit: string, pieces: Pieces, only: string | null): Promise<void> {
    const commitLines = pieces.hunks.reduce((sum, { lines }) => sum + lines, 0);
    for (const { stream, mergeSHA, ...undone } of await takePieces(this.#pool, key, commit, pieces, only)) {
      if (only !== null && mergeSHA !== only) continue;
      const shape = judgeUndone({ ...undone, commitLines });
      if (shape === null) continue;
      const { gone, lines, goneNow } = undone;
      const message = `Commit ${commit.slice(0, 8)} takes back ${goneNow} of the ${lines} lines of ${mergeSHA.slice(0, 8)}; ${gone} are gone by now.`;
      if (shape === 'question') await this.#telling.ask(stream, { mergeSHA, by: commit, message });
      else await this.#telling.reverted(stream, { mergeSHA, by: commit, shape, lines: gone, ofLines: lines, message });
    }
  }

  /** What went away in other pieces than it came in. */
  async #byLines({ key }: Place, commit: string, { edits }: Pieces, only: string | null): Promise<void> {
    for (const { stream, mergeSHA, ...undone } of await takeChanges(this.#pool, key, commit, edits, only)) {
      if (judgeLinesGone(undone) === null) continue;
      const { gone, lines, goneNow } = undone;
      const message = `Commit ${commit.slice(0, 8)} takes back ${goneNow} of the lines of ${mergeSHA.slice(0, 8)}, piece by piece; ${gone} of ${lines} are gone by now.`;
      await this.#telling.ask(stream, { mergeSHA, by: commit, message });
    }
  }

  async #askAll({ cwd, key }: Place, parent: string, commit: string, only: string | null): Promise<void> {
    const files = await this.readable(`files of ${commit}`, () => filesOf(cwd, parent, commit));
    const what = files === null ? 'anything' : 'files of this change';
    const message = `Commit ${commit.slice(0, 8)} is too large to be read, and may have touched ${what}: whether it takes the change back, a person has to see.`;
    for (const { stream, mergeSHA } of await touchedBy(this.#pool, key, files))
      if (mergeSHA !== commit && (only === null || mergeSHA === only))
        await this.#telling.ask(stream, { mergeSHA, by: commit, message });
  }

  /**
   * Asks a person about the changes merged in the last 30 days, the newest 500: the branch was rewritten, and nobody has the commit any more up to which it was
   * looked through, so what came behind it cannot be told apart. `by` is where the branch is now.
   */
  async askLost(key: RepositoryKey, lost: string, by: string): Promise<void> {
    const message = `The base branch was rewritten, and commit ${lost.slice(0, 8)}, up to which it had been looked through, is nowhere any more: whether the change was taken back since, a person has to see.`;
    for (const { stream, mergeSHA } of await touchedBy(this.#pool, key, null))
      await this.#telling.ask(stream, { mergeSHA, by, message });
  }

  /** A message that says of a change that it is reverted is somebody's word: it is asked about where git does not show the same. */
  async #heed({ cwd, key }: Place, commit: string, only: string | null): Promise<void> {
    const said = saidReverted(await messageOf(cwd, commit));
    if (said.commits.length + said.pulls.length === 0) return;
    for (const { stream, mergeSHA } of await subjectOf(this.#pool, key, said)) {
      if (mergeSHA === commit || (only !== null && mergeSHA !== only)) continue;
      const message = `The message of commit ${commit.slice(0, 8)} says that it reverts ${mergeSHA.slice(0, 8)}, which its diff does not show.`;
      await this.#telling.ask(stream, { mergeSHA, by: commit, message });
    }
  }
}
