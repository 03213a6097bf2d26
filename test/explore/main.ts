import { parseArgs } from 'node:util';
import { ExitCode } from '#lib/terminal';
import { OPTIONS, plan } from './limits.ts';
import { realRules } from './rules.ts';
import { type Finding, type Limits, Search } from './search.ts';
import { storyOf, summaryOf } from './story.ts';

/** A limit stopped an exploration: nothing broke, and not all was seen. */
const STOPPED = 3;
const say = (line: string) => void process.stdout.write(`${line}\n`);

try {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' as const }]));
  process.exitCode = exploreAll(plan(parseArgs({ options }).values));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = ExitCode.Usage;
}

/** 0: all was seen and nothing broke. 1: something broke, and nothing more is explored. 3: see {@link STOPPED}. */
function exploreAll(limits: readonly Limits[]): number {
  let code: number = ExitCode.Ok;
  for (const one of limits) {
    const found = explore(one);
    if (found.counterexample !== null) return ExitCode.NotDone;
    if (found.stopped !== null) code = STOPPED;
  }
  return code;
}

function explore(limits: Limits): Finding {
  const { issues, depth, setbacks, faults, people } = limits;
  say(
    `${issues === 1 ? 'One issue' : 'Two issues'} to depth ${depth}; on one path at most ${setbacks} setbacks, ${faults} faults, ${people} acts of people:`,
  );
  const search = new Search(realRules, limits);
  let shown = performance.now();
  const found = search.run(
    () => performance.now(),
    (level, states) => {
      if (performance.now() - shown < 10_000) return;
      shown = performance.now();
      say(`  … depth ${level}, ${states.toLocaleString('en-US')} states`);
    },
  );
  say(summaryOf(found));
  say(`${verdictOf(found, limits)}\n`);
  if (found.counterexample !== null) say(storyOf(search.space, found.counterexample));
  return found;
}

function verdictOf({ counterexample, stopped }: Finding, { depth, states }: Limits): string {
  if (counterexample !== null) return 'An invariant does not hold.';
  if (stopped === null) return 'Every reachable state was looked at, and every invariant holds.';
  const limit = stopped === 'depth' ? `depth ${depth}` : `${states.toLocaleString('en-US')} states`;
  return `Stopped at ${limit}: nothing broke so far, and there is more that was not looked at.`;
}
