import { duration, type Terminal } from '#lib/terminal';

const REMIND_EVERY_MS = 10_000;

/** Shows what is being done: a line when a step is done, and one about every ten seconds while it takes longer. */
export interface Steps {
  /** Runs `work`; its answer is what stands behind the step's name, e.g. a version or an address. */
  run<T>(
    name: string,
    work: (progress: (line: string) => void) => Promise<T>,
    describe?: (result: T) => string,
  ): Promise<T>;
}

export function createSteps(terminal: Terminal, now: () => number = () => performance.now()): Steps {
  const { colours } = terminal;
  return {
    async run(name, work, describe = () => '') {
      const started = now();
      let spoke = started;
      const progress = (line: string) => {
        spoke = now();
        terminal.say(colours.dim(`  … ${line}`));
      };
      const timer = setInterval(() => {
        if (now() - spoke >= REMIND_EVERY_MS) progress(`${name}: ${duration(now() - started)}`);
      }, 1_000);
      try {
        const result = await work(progress);
        const took = duration(now() - started).padStart(8);
        terminal.say(`${colours.green('✓')} ${colours.dim(took)}  ${name.padEnd(14)} ${describe(result)}`.trimEnd());
        return result;
      } finally {
        clearInterval(timer);
      }
    },
  };
}
