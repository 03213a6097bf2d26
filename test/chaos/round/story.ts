import type { Chronicle } from '../witness/chronicle.ts';
import type { RoundResult } from './round.ts';

const MOST_DATA = 240;

/**
 * What somebody needs who looks into a round that did not hold: the violations, what went wrong when, and every event of the round's issues that are
 * named in a violation, or of all of them where none is.
 */
export function tellStory(result: RoundResult, streams: ReadonlyMap<string, string>, chronicle: Chronicle): string {
  const { seed, round, violations, faults } = result;
  const named = [...streams].filter(([name, stream]) =>
    violations.some((violation) => violation.startsWith(`${name}:`) || violation.includes(stream)),
  );
  const told =
    named.length > 0 ? named : [...streams].filter(([, stream]) => chronicle.of(stream).at(-1)?.type !== 'ISSUE_DONE');
  return [
    `Round ${round} of seed ${seed} does not hold:`,
    ...violations.map((violation) => `  ✖ ${violation}`),
    'What went wrong on purpose:',
    ...faults.map(({ at, planned, outcome }) => `  ${at ?? 'never'}  ${planned}: ${outcome}`),
    ...told.flatMap(([name, stream]) => [`Issue ${name} (stream ${stream}):`, ...linesOf(stream, chronicle)]),
  ].join('\n');
}

function linesOf(stream: string, chronicle: Chronicle): string[] {
  return chronicle
    .of(stream)
    .map(({ at, version, type, data }) => `  ${at}  ${version} ${type} ${JSON.stringify(data).slice(0, MOST_DATA)}`);
}
