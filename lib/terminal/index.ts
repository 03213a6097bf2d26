export { eventLine, type ShownEvent } from './event.ts';
export { ExitCode, ExitError } from './exit.ts';
export { type Colours, createTerminal, type Terminal, type TerminalOptions } from './terminal.ts';
export { duration, mebibytes, plain, shellWord, table } from './text.ts';
