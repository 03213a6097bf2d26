import { parseArgs } from 'node:util';
import { ExitCode } from '#lib/terminal';
import { DEFAULTS, readLimits } from './limits.ts';
import { realRules } from './rules.ts';
import { Search } from './search.ts';
import { storyOf, summaryOf } from './story.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

try {
  const options = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, { type: 'string' as const }]));
  const limits = readLimits(parseArgs({ options }).values);
  process.exitCode = explore(limits);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = ExitCode.Usage;
}

/** 0: nothing broke and nothing was left out; 1: something broke; 3: a limit stopped it before all was seen. */
function explore(limits: ReturnType<typeof readLimits>): number {
  const { setbacks, faults, people, depth } = limits;
  say(
    `Exploring two issues to depth ${depth}, with at most ${setbacks} setbacks, ${faults} faults, ${people} acts of people on a path.`,
  );
  const search = new Search(realRules, limits);
  let shown = performance.now();
  const found = search.run(
    () => performance.now(),
    (level, states) => {
      if (performance.now() - shown < 5_000) return;
      shown = performance.now();
      say(`  depth ${level}: ${states.toLocaleString('en-US')} states`);
    },
  );
  say(summaryOf(found));
  if (found.counterexample !== null) {
    say(`\n${storyOf(search.space, found.counterexample)}`);
    return ExitCode.NotDone;
  }
  if (found.stopped === null) {
    say('Every reachable state was looked at: all invariants hold.');
    return ExitCode.Ok;
  }
  const limit = found.stopped === 'depth' ? `depth ${limits.depth}` : `${limits.states.toLocaleString('en-US')} states`;
  say(`Stopped at ${limit}: nothing broke so far, and there is more that was not looked at.`);
  return 3;
}
