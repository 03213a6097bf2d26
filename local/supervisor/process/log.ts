import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

const KEPT_LINES = 20;
const ROTATE_BYTES = 16 * 2 ** 20;

/** The log of one program over all its runs. */
export interface ProgramLog {
  /** The last lines, at most 20, oldest first. */
  readonly lastLines: readonly string[];
  /** Takes up a stream of a run; lines of several streams are kept whole. */
  take(stream: Readable): void;
  /** A line of the supervisor's own. */
  note(line: string): void;
  close(): void;
}

/** Appends to `file` (0600); a file over 16 MiB is set aside as `.1` when it is opened and whenever it grows past that. */
export function openLog(file: string, onLine: (line: string) => void = () => {}): ProgramLog {
  const lastLines: string[] = [];
  let { fd, size } = openRotated(file);
  let open = true;
  const write = (line: string) => {
    // The last words of a program that outlives its log have nowhere to go.
    if (!open) return;
    if (size > ROTATE_BYTES) {
      closeSync(fd);
      ({ fd, size } = openRotated(file));
    }
    size += writeSync(fd, `${line}\n`);
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    onLine(line);
  };
  return {
    lastLines,
    take: (stream) => takeLines(stream, write),
    note: write,
    close: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function openRotated(file: string): { fd: number; size: number } {
  if (existsSync(file) && statSync(file).size > ROTATE_BYTES) renameSync(file, `${file}.1`);
  const fd = openSync(file, 'a', 0o600);
  return { fd, size: statSync(file).size };
}

function takeLines(stream: Readable, write: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) write(line);
  });
  stream.on('end', () => {
    if (rest !== '') write(rest);
    rest = '';
  });
}
