import { join } from 'node:path';
import type { Layout } from '#lib/datadir';
import type { Terminal } from '#lib/terminal';
import type { UpOptions } from './options.ts';
import type { Book } from './process/book.ts';
import { openLog, type ProgramLog } from './process/log.ts';
import type { Program } from './process/program.ts';
import { Supervised } from './process/supervise.ts';
import type { Steps } from './steps.ts';
import type { StopName, Stops } from './stops.ts';
import type { StateStore } from './store.ts';

/** What every step of a start works with. */
export interface Context {
  readonly options: UpOptions;
  readonly terminal: Terminal;
  readonly steps: Steps;
  readonly layout: Layout;
  readonly store: StateStore;
  readonly book: Book;
  readonly stops: Stops;
  /** Aborts when the rig is to go down, for whatever reason. */
  readonly signal: AbortSignal;
  /** Takes the rig down because something failed. */
  readonly fail: (reason: unknown) => void;
}

/**
 * Runs steps side by side. When one fails the others are told to end, and only when all have ended its error is thrown: a part
 * that is still starting would otherwise be missed by the stop.
 */
export async function together<T extends readonly unknown[]>(
  context: Context,
  steps: { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  let first: { readonly error: unknown } | undefined;
  for (const step of steps as readonly Promise<unknown>[]) {
    step.catch((error: unknown) => {
      first ??= { error };
      context.fail(error);
    });
  }
  const results = await Promise.allSettled(steps as readonly Promise<unknown>[]);
  if (first) throw first.error;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** The log of a program; its lines also go to the terminal when the person asked for that. */
export function logOf(context: Context, name: string): ProgramLog {
  const { options, terminal, layout } = context;
  const { colours } = terminal;
  const show = (line: string) => terminal.warn(`${colours.cyan(name.padEnd(12))} ${line}`);
  return openLog(join(layout.logs, `${name}.log`), options.logs ? show : undefined);
}

/** Tells the person about something that went wrong and is being dealt with. */
export function trouble(context: Context): (sentence: string) => void {
  const { terminal, signal } = context;
  return (sentence) => {
    if (!signal.aborted) terminal.warn(`${terminal.colours.yellow('!')} ${sentence}`);
  };
}

/** Starts a program, ready, kept running and stopped in its turn. */
export async function startProgram(context: Context, name: StopName, program: Program): Promise<Supervised> {
  context.signal.throwIfAborted();
  const supervised = new Supervised(program, {
    book: context.book,
    log: logOf(context, program.name),
    onTrouble: trouble(context),
  });
  context.stops.add(name, () => supervised.stop());
  await supervised.start();
  return supervised;
}
