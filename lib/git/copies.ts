import { randomUUID } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from './git.ts';
import { noteAsked } from './keeping.ts';
import { removeLocks } from './locks.ts';
import { readNotes, writeNotes } from './notes.ts';
import { Turns } from './turns.ts';

/** A repository at its forge. */
export interface CopyOf {
  /** With its port. */
  readonly host: string;
  readonly id: number;
}

const QUARANTINE = 'quarantine';

/**
 * Bare copies of forge repositories below one folder, which is this process's alone. What is in it can be deleted while no copy is used: it is made again. Nothing
 * is here that the forge does not have, or had.
 */
export class BareCopies {
  readonly root: string;
  readonly #now: () => number;
  readonly #turns = new Turns();
  readonly #opened = new Map<string, Promise<void>>();
  /** Quarantines that are open, by copy. */
  readonly #readers = new Map<string, number>();
  /** Copies that are looked after, and when that has ended. */
  readonly #tended = new Map<string, Promise<void>>();
  /** How this process's folders are told from those that one before it left. */
  readonly #mine = `${randomUUID()}-`;

  constructor(root: string, now: () => number = Date.now) {
    this.root = root;
    this.#now = now;
  }

  /** Runs `use` in the copy, which is made where it is not there; one use of a copy at a time, quarantines aside. */
  with<T>(copy: CopyOf, use: (path: string) => Promise<T>): Promise<T> {
    const path = this.#pathOf(copy);
    return this.#turns.run(path, async () => {
      await this.#open(path);
      return use(path);
    });
  }

  /** Notes that refs of a copy are asked for, and that somebody uses it. Call it within {@link with}. */
  async asked(path: string, refs: readonly string[]): Promise<void> {
    const before = await readNotes(path);
    const notes = noteAsked(before, refs, this.#now());
    if (notes !== before) await writeNotes(path, notes);
  }

  /** A repository of its own, which sees the objects of the copy and leaves nothing in it. `use` may run git there. None is lost from the copy meanwhile. */
  async quarantine<T>(copy: CopyOf, use: (path: string) => Promise<T>): Promise<T> {
    const from = this.#pathOf(copy);
    while (this.#tended.has(from)) await this.#tended.get(from);
    this.#readers.set(from, (this.#readers.get(from) ?? 0) + 1);
    try {
      return await this.#apart(from, use);
    } finally {
      const others = this.#readers.get(from)! - 1;
      if (others > 0) this.#readers.set(from, others);
      else this.#readers.delete(from);
    }
  }

  async #apart<T>(from: string, use: (path: string) => Promise<T>): Promise<T> {
    await this.#open(from);
    await mkdir(join(this.root, QUARANTINE), { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(this.root, QUARANTINE, this.#mine));
    try {
      await git(['init', '--quiet', '--bare', '--template=', path], { cwd: this.root });
      await writeFile(join(path, 'objects', 'info', 'alternates'), `${join(from, 'objects')}\n`);
      return await use(path);
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  }

  /** Every copy that is there. */
  async list(): Promise<CopyOf[]> {
    const found: CopyOf[] = [];
    for (const folder of await namesIn(this.root)) {
      if (folder === QUARANTINE) continue;
      for (const name of await namesIn(join(this.root, folder))) {
        const [, id] = /^(\d+)\.git$/.exec(name) ?? [];
        if (id !== undefined) found.push({ host: decodeURIComponent(folder), id: Number(id) });
      }
    }
    return found;
  }

  /** Runs `use` in a copy that nobody uses then, nor begins to before it has ended; false where somebody reads it. */
  tend(copy: CopyOf, use: (path: string) => Promise<void>): Promise<boolean> {
    const path = this.#pathOf(copy);
    return this.#turns.run(path, async () => {
      await this.#open(path);
      if (this.#readers.has(path)) return false;
      const over = Promise.withResolvers<void>();
      this.#tended.set(path, over.promise);
      try {
        await use(path);
      } finally {
        this.#tended.delete(path);
        over.resolve();
      }
      return true;
    });
  }

  /** Removes a copy at once, as far as anybody sees. Call it within {@link tend}. */
  async discard(path: string): Promise<void> {
    await mkdir(join(this.root, QUARANTINE), { recursive: true, mode: 0o700 });
    const gone = join(this.root, QUARANTINE, `${this.#mine}${randomUUID()}`);
    // Removed in place, a crash would leave half of it to be taken for the whole.
    await rename(path, gone);
    this.#opened.delete(path);
    await rm(gone, { recursive: true, force: true });
  }

  /** Removes what a process before this one left of quarantines and of copies; answers how many there were. */
  async sweep(): Promise<number> {
    const left = (await namesIn(join(this.root, QUARANTINE))).filter((name) => !name.startsWith(this.#mine));
    for (const name of left) await rm(join(this.root, QUARANTINE, name), { recursive: true, force: true });
    return left.length;
  }

  #pathOf({ host, id }: CopyOf): string {
    return join(this.root, encodeURIComponent(host), `${id}.git`);
  }

  /** Makes a copy, and clears it of what a process before this one left locked, when it is asked for first or was deleted meanwhile. */
  async #open(path: string): Promise<void> {
    const before = this.#opened.get(path);
    if (before !== undefined) {
      await before.catch(() => undefined);
      if (await isMade(path)) return;
      if (this.#opened.get(path) !== before) return this.#open(path);
    }
    const opened = this.#make(path);
    this.#opened.set(path, opened);
    await opened;
  }

  async #make(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await removeLocks(path);
    // Initialising again is harmless.
    await git(['init', '--quiet', '--bare', '--template=', path], { cwd: this.root });
  }
}

function isMade(path: string): Promise<boolean> {
  return access(join(path, 'HEAD')).then(
    () => true,
    () => false,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
