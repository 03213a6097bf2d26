/** Runs git in the one bare repository that is read, with at most so many bytes of output and of memory. Throws GitError of `#lib/git`. */
export type Git = (
  args: readonly string[],
  options: { readonly outputMax: number; readonly input?: Buffer },
) => Promise<Buffer>;

/** One file of a change; what `#domain` grades as a ChangedFile. */
export interface FileChange {
  /** Its name at the head, or its last one where it was deleted. */
  readonly path: string;
  /** Its name at the base where git found it renamed or copied. */
  readonly previousPath: string | null;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type';
  /** Modes as git writes them (`100644`, `100755`, `120000`, `160000`); null on the side where there is no such file. */
  readonly oldMode: string | null;
  readonly newMode: string | null;
  /** Lines; null for a binary file. */
  readonly added: number | null;
  readonly deleted: number | null;
  /** Whether either side is a pointer of Git LFS. */
  readonly pointer: boolean;
  /** Whether either side may hold a Kubernetes manifest, whatever its name: told roughly, never missed. */
  readonly manifest: boolean;
  /** Its texts, where they were asked for; `unreadable` where one is no text, or too long. */
  readonly content?: FileTexts | 'unreadable';
}

/** Whole texts, decoded as UTF-8; null on the side where there is no such file. */
export interface FileTexts {
  readonly before: string | null;
  readonly after: string | null;
}

/** What lies between a base and a head, as git tells it. */
export interface Change {
  /** Whether everything that the head changes is in `files`. Where it is not, there are none, and nobody may take them for all. */
  readonly complete: boolean;
  /** One sentence where it is not complete; else null. */
  readonly why: string | null;
  /** Where the head left the base: one commit where the change is complete; none, or several, where histories are apart or crossed. */
  readonly mergeBases: readonly string[];
  readonly files: readonly FileChange[];
}

/** A change whose texts can be had. */
export interface ReadChange extends Change {
  /**
   * The change with the texts of these files, by their path at the head. One text has at most 4 MiB, all together 48 MiB; what is longer, or no UTF-8
   * without NUL, is `unreadable`. Throws GitError where git fails.
   */
  withContent(paths: readonly string[]): Promise<Change>;
}
