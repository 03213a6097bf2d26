import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ExitCode, table } from '#lib/terminal';
import { figureOf, lineOf, machine, type Report, render } from './report.ts';
import type { Measurement, Scenario } from './scenario.ts';

const SCENARIOS = join(import.meta.dirname, 'scenarios');
const say = (line: string) => void process.stderr.write(`${line}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    /** Keep the scenario's data, and say where it is. */
    keep: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const rounds = Number(values.rounds);
const file = join(SCENARIOS, `${basename(name)}.ts`);

if (positionals.length !== 1 || !existsSync(file)) {
  say('Usage: npm run bench -- SCENARIO [--rounds N] [--json] [--keep]');
  say(await scenarios());
  process.exitCode = ExitCode.Usage;
} else if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
  say(`--rounds is "${values.rounds}": name a whole number from 1 to 100.`);
  process.exitCode = ExitCode.Usage;
} else {
  await run();
}

async function run(): Promise<void> {
  const report = await bench(name, rounds);
  say(`\n${render(report)}`);
  if (report.brokeOff !== undefined) say(`The bench broke off: ${report.brokeOff}`);
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const held = report.brokeOff === undefined && report.figures.every(({ met }) => met !== false);
  process.exitCode = held ? ExitCode.Ok : ExitCode.NotDone;
}

async function bench(scenario: string, count: number): Promise<Report> {
  const { scenario: chosen } = (await import(file)) as { scenario: Scenario };
  const folder = mkdtempSync(join(tmpdir(), `rig-bench-${scenario}-`));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error(`the bench was ended by ${signal}`)));
  const loadBefore = loadavg();
  const measured: Measurement[] = [];
  const note = (...more: readonly Measurement[]) => {
    measured.push(...more);
    for (const one of more) say(lineOf(one));
  };
  const report = () => ({ scenario, rounds: count, machine: machine(loadBefore), figures: measured.map(figureOf) });
  try {
    await chosen.run({ rounds: count, folder, say, note, signal: interrupted.signal });
    return report();
  } catch (error) {
    return { ...report(), brokeOff: error instanceof Error ? error.message : String(error) };
  } finally {
    if (values.keep) say(`The data is in ${folder}`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function scenarios(): Promise<string> {
  const files = readdirSync(SCENARIOS).filter((entry) => entry.endsWith('.ts'));
  const rows = files.map(async (entry) => {
    const { scenario } = (await import(join(SCENARIOS, entry))) as { scenario: Scenario };
    return [basename(entry, '.ts'), scenario.about];
  });
  return table(['SCENARIO', ''], await Promise.all(rows));
}
