// `npm run chaos`: what it does and how a seed is reproduced is in docs/chaos.md.
import { parseArgs } from 'node:util';
import { ExitCode } from '#lib/terminal';
import { freshSeed, runChaos } from './chaos.ts';
import { appendRecord, latest, readRecord, tables, writeMarkdown } from './record.ts';
import type { RoundResult } from './round/round.ts';
import { FAULT_CLASSES } from './schedule/fault.ts';

const say = (line: string) => void process.stderr.write(`${line}\n`);

const options = {
  rounds: { type: 'string', default: '1' },
  seed: { type: 'string', default: freshSeed() },
  /** Number of the first round. */
  from: { type: 'string', default: '1' },
  issues: { type: 'string', default: '30' },
  faults: { type: 'string', default: String(FAULT_CLASSES.length) },
  /** Seconds that all issues of a round may take to end after its last fault. */
  patience: { type: 'string', default: '300' },
  /** Keep each round in this file, and leave out the rounds of this seed that are there and hold. */
  record: { type: 'string' },
  /** Write the table of all rounds, those of `record` included, into this file. */
  markdown: { type: 'string' },
  json: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
} as const;

class UsageError extends Error {}

const values = (() => {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    say((error as Error).message);
    process.exit(ExitCode.Usage);
  }
})();

function whole(name: 'rounds' | 'from' | 'issues' | 'faults' | 'patience', least: number, most: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} is "${values[name]}": name a whole number from ${least} to ${most}.`);
}

async function run(): Promise<ExitCode> {
  const from = whole('from', 1, 1_000_000);
  const numbers = Array.from({ length: whole('rounds', 0, 10_000) }, (_, index) => from + index);
  const known = values.record === undefined ? [] : readRecord(values.record);
  const rounds = numbers.filter(
    (number) => !known.some((one) => holds(one) && one.seed === values.seed && one.round === number),
  );
  const results: RoundResult[] = [];
  const ended = new AbortController();
  // A second one changes nothing: who ended at once would leave the rig behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => ended.abort(new Error(`interrupted by ${signal}`)));
  let code: ExitCode = ExitCode.Ok;
  if (rounds.length > 0) {
    const options = {
      seed: values.seed,
      rounds,
      issues: whole('issues', 1, 200),
      faults: whole('faults', 0, 100),
      patienceMs: whole('patience', 10, 3_600) * 1_000,
      keep: values.keep,
      signal: ended.signal,
      say,
      onRound: (result: RoundResult) => {
        results.push(result);
        if (values.record !== undefined) appendRecord(values.record, result);
        say(sumUp(result));
      },
    };
    const { replay } = await runChaos(options).catch((error: Error) => {
      say(ended.signal.aborted ? error.message : `The rounds broke off: ${error.stack ?? error.message}`);
      return { replay: { differs: true, said: '' } };
    });
    if (replay.said !== '') say(`rig replay: ${replay.said}`);
    if (replay.differs || !results.every(holds)) code = ended.signal.aborted ? ExitCode.Interrupted : ExitCode.NotDone;
  }
  const all = latest([...known, ...results]);
  say(tables(all));
  if (values.markdown !== undefined) writeMarkdown(values.markdown, all);
  if (values.json) process.stdout.write(`${JSON.stringify({ seed: values.seed, rounds: results }, null, 2)}\n`);
  return code;
}

const holds = ({ violations }: RoundResult): boolean => violations.length === 0;

function sumUp({
  round,
  seed,
  merged,
  issues,
  awaitingHuman,
  seconds,
  settledSeconds,
  deliveries,
  violations,
}: RoundResult): string {
  const verdict = violations.length === 0 ? '✓' : `✖ ${violations.length} violations:`;
  return `${verdict} round ${round} of seed ${seed}: ${merged} of ${issues} merged, ${awaitingHuman} await a person, ${seconds.toFixed(0)} s, ${settledSeconds.toFixed(0)} s of them after the last fault, ${deliveries.lost} of ${deliveries.made} deliveries lost`;
}

const code = await run().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  say(error.message);
  return ExitCode.Usage;
});
// What still asks a rig that is gone is not waited for, what was written is.
process.stdout.write('', () => process.exit(code));
