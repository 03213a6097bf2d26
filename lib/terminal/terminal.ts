import picocolors from 'picocolors';

type Write = (text: string) => unknown;
export type Colours = ReturnType<typeof picocolors.createColors>;

export interface Terminal {
  /** Whether results are JSON; then text for people goes to standard error. */
  readonly json: boolean;
  readonly colours: Colours;
  /** A line for a person. */
  say(line: string): void;
  /** A line about something that went wrong or needs attention; always on standard error. */
  warn(line: string): void;
  /** The command's result: with `json` one line of JSON on standard output, else `text`. */
  result(value: unknown, text: string): void;
}

export interface TerminalOptions {
  readonly json?: boolean;
  readonly stdout?: { write: Write; readonly isTTY?: boolean };
  readonly stderr?: { write: Write; readonly isTTY?: boolean };
  readonly env?: NodeJS.ProcessEnv;
}

/** Where a command speaks. Colours only where people read: on a terminal, and not where NO_COLOR asks for none. */
export function createTerminal(options: TerminalOptions = {}): Terminal {
  const { json = false, stdout = process.stdout, stderr = process.stderr, env = process.env } = options;
  const people = json ? stderr : stdout;
  const colours = picocolors.createColors(people.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
  return {
    json,
    colours,
    say: (line) => void people.write(`${line}\n`),
    warn: (line) => void stderr.write(`${line}\n`),
    result: (value, text) => {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
      else if (text !== '') stdout.write(`${text}\n`);
    },
  };
}
