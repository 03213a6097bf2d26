import { ExitCode, ExitError } from '#lib/terminal';

/** Characters that the log keeps of a note. */
const NOTE_MAX = 1_024;

/** Throws ExitError `Usage` for a note that the log would cut. */
export function checkNote(note: string | undefined): void {
  if (note === undefined || note.length <= NOTE_MAX) return;
  throw new ExitError(ExitCode.Usage, `The note has ${note.length} characters; make it at most ${NOTE_MAX}.`);
}
