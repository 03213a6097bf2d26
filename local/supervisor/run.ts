import { DataDirError, lockDataDir, openDataDir, processId } from '#lib/datadir';
import { ExitCode, ExitError, type Terminal } from '#lib/terminal';
import { type Context, logOf } from './context.ts';
import { showTimeline } from './issue/follow.ts';
import { readerOf, workSample } from './issue/work.ts';
import type { UpOptions } from './options.ts';
import { type Book, createBook } from './process/book.ts';
import { type Signals, watchSignals } from './signals.ts';
import { createSteps } from './steps.ts';
import { Stops } from './stops.ts';
import { StateStore } from './store.ts';
import { bringUp, type Rig, reapLeftovers } from './up.ts';
import { whereThingsAre } from './where.ts';

/** One rig from lock to last process: resolves to the exit code when nothing is left running. */
export async function supervise(options: UpOptions, terminal: Terminal): Promise<ExitCode> {
  // One controller, aborted by hand: signals made by AbortSignal.any are held weakly and were seen to be lost.
  const over = new AbortController();
  const signals = watchSignals((signal) => over.abort(new Error(`interrupted by ${signal}`)), {
    onImpatience: () => impatience.kill?.(),
  });
  const impatience: { kill?: () => void } = {};
  try {
    const layout = openDataDir(options.dataDir);
    const lock = lockDataDir(layout);
    try {
      const store = new StateStore(layout);
      const book = createBook((processes) => store.update({ processes: [...processes] }));
      impatience.kill = () => killEverything(book);
      const steps = createSteps(terminal);
      const { signal } = over;
      const fail = (reason: unknown) => over.abort(reason);
      const stops = new Stops();
      return await runRig({ options, terminal, steps, layout, store, book, stops, signal, fail }, signals);
    } finally {
      lock.release();
    }
  } catch (error) {
    if (!(error instanceof DataDirError)) throw error;
    terminal.warn(`rig: ${error.message}`);
    return ExitCode.Environment;
  } finally {
    signals.release();
  }
}

/**
 * The person does not want to wait: nothing is asked any more. The kubelet alone is left to notice that we are gone, because only
 * it can end the pods, which outlive it otherwise; it takes seconds.
 */
function killEverything(book: Book): never {
  for (const { name, pid } of book.list()) {
    if (name !== 'kubelet') kill(pid);
  }
  process.exit(ExitCode.Interrupted);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

async function runRig(context: Context, signals: Signals): Promise<ExitCode> {
  const { received } = signals;
  const { store, terminal, stops } = context;
  await reapLeftovers(context);
  store.update({ phase: 'starting', supervisor: processId(process.pid) ?? null });
  const code = await startAndServe(context).catch((error: unknown) =>
    received() === undefined ? explain(error, context) : interrupted(context, signals),
  );
  if (received() !== undefined) terminal.say(terminal.colours.dim('  stopping …'));
  store.update({ phase: 'stopping' });
  await stops.run({ onFailure: (sentence) => terminal.warn(`rig: ${sentence}`) });
  store.update({ phase: 'down', supervisor: null });
  return code;
}

async function startAndServe(context: Context): Promise<ExitCode> {
  const started = performance.now();
  const rig = await bringUp(context);
  context.store.update({ phase: 'up' });
  return serve(context, rig, (performance.now() - started) / 1000);
}

/** What a rig does while it is up: the sample issue when asked for, then whatever comes, until a signal. */
async function serve(context: Context, rig: Rig, upSeconds: number): Promise<ExitCode> {
  const { options, terminal, layout } = context;
  terminal.say(whereThingsAre(layout, options.context, rig));
  if (options.sample) {
    const code = await workSample(context, rig, upSeconds);
    if (options.once) return code;
  } else await showTimeline(context, readerOf(context, rig));
  terminal.say(terminal.colours.dim('The rig stays up; Ctrl-C or "rig down" stops it.'));
  return untilOver(context);
}

/** Stays up until the rig is to go down; then rejects with the reason. */
function untilOver({ signal }: Context): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Ctrl-C is an interrupt at any time; `rig down` and a closed terminal end a rig that was up and had nothing to wait for. */
function interrupted({ options, store }: Context, { received }: Signals): ExitCode {
  const wasUp = store.state.phase === 'up' && !options.once;
  return wasUp && received() !== 'SIGINT' ? ExitCode.Ok : ExitCode.Interrupted;
}

/** One sentence for the person; where an error was not foreseen, its stack goes to a log beside the programs'. */
function explain(error: unknown, context: Context): ExitCode {
  const { terminal, layout } = context;
  if (error instanceof ExitError) {
    terminal.warn(`rig: ${error.message}`);
    return error.code;
  }
  const log = logOf(context, 'supervisor');
  log.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  log.close();
  const message = error instanceof Error ? error.message : String(error);
  terminal.warn(`rig: The rig could not go on: ${message} (more in ${layout.logs}/supervisor.log)`);
  return ExitCode.Environment;
}
