/** One file of a change, as git tells it between the merge base and the head. */
export interface ChangedFile {
  /** Its name at the head, or its last one where it was deleted. */
  readonly path: string;
  /** Its name at the base where git found it renamed or copied; it is graded under both. */
  readonly previousPath: string | null;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type';
  /** Modes as git writes them (`100644`, `100755`, `120000`, `160000`); null on the side where there is no such file. */
  readonly oldMode: string | null;
  readonly newMode: string | null;
  /** Lines; null for a binary file. */
  readonly added: number | null;
  readonly deleted: number | null;
  /** Whether either side is a pointer of Git LFS; left out it is told from the content alone. */
  readonly pointer?: boolean;
  /** Its whole text on both sides, where a rule needs it ({@link contentNeeded}); `unreadable` where it could not be had as text. */
  readonly content?: FileContent | 'unreadable';
}

/** Whole texts, decoded as UTF-8; null on the side where there is no such file. */
export interface FileContent {
  readonly before: string | null;
  readonly after: string | null;
}

/** What a change touches. */
export interface ChangeFacts {
  /** Whether every file is here; a list that was cut grades nothing below T3. */
  readonly complete: boolean;
  readonly files: readonly ChangedFile[];
}

/** Lines that only one side has, each as often as it has it more; no order, so that what was merely moved is neither. */
export function differingLines({ before, after }: FileContent): { added: string[]; removed: string[] } {
  const count = new Map<string, number>();
  for (const line of lines(before)) count.set(line, (count.get(line) ?? 0) - 1);
  for (const line of lines(after)) count.set(line, (count.get(line) ?? 0) + 1);
  const [added, removed]: [string[], string[]] = [[], []];
  for (const [line, times] of count)
    for (let n = Math.abs(times); n > 0; n -= 1) (times > 0 ? added : removed).push(line);
  return { added, removed };
}

function lines(text: string | null): string[] {
  return text === null ? [] : text.split(/\r\n|\n|\r/);
}
