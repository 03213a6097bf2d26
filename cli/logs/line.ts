import { type Colours, plain } from '#lib/terminal';

/** One line of a log. */
export interface LogLine {
  /** RFC 3339 with any fraction, in UTC. */
  readonly at: string;
  /** The task or the program that wrote it. */
  readonly source: string;
  readonly text: string;
}

/** Something that is read again and again, each time for what is new. */
export interface LogSource {
  read(): Promise<LogLine[]>;
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** Fields that the line says otherwise, or that are the same in every line. */
const SAID = new Set(['level', 'time', 'name', 'msg', 'correlationId']);
const WIDTH = 4_000;

/** Lines of several sources in the order in which they were written; a source's own order is kept. */
export function inOrder(lines: readonly LogLine[]): LogLine[] {
  return lines.toSorted((a, b) => compareMoments(a.at, b.at));
}

/** Compares moments of different precision: up to the millisecond as numbers, then by what follows. */
export function compareMoments(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b) || fraction(a).localeCompare(fraction(b));
}

function fraction(at: string): string {
  return (/\.(\d+)/.exec(at)?.[1] ?? '').padEnd(9, '0');
}

/** One line for a person: when, who, what; a line of JSON is taken apart. Text from outside is made plain. */
export function lineFor(line: LogLine, colours: Colours): string {
  const time = new Date(line.at).toTimeString().slice(0, 8);
  return `${colours.dim(time)} ${colours.cyan(plain(line.source))} ${plain(readable(line.text)).slice(0, WIDTH)}`.trimEnd();
}

function readable(text: string): string {
  const record = recordOf(text);
  if (typeof record?.msg !== 'string') return text;
  const fields = Object.entries(record)
    .filter(([key]) => !SAID.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [LEVELS[Number(record.level)] ?? '', record.msg, ...fields].join(' ').trim();
}

/** The fields of a line that is a JSON object. */
export function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
