import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { RoundResult } from './round/round.ts';
import { FAULT_CLASSES } from './schedule/fault.ts';

const BEGIN = '<!-- rounds: written by npm run chaos -- --record FILE --markdown FILE -->';
const END = '<!-- /rounds -->';

/** Rounds kept in a file, a line of JSON each; none where there is no file. */
export function readRecord(file: string): RoundResult[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as RoundResult);
}

export function appendRecord(file: string, result: RoundResult): void {
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}

/** Of rounds that were run more than once the last, in the order they were first run: one that failed stays until it was run again. */
export function latest(rounds: readonly RoundResult[]): RoundResult[] {
  return [...new Map(rounds.map((one) => [`${one.round} of ${one.seed}`, one])).values()];
}

/** Writes the table of these rounds between its marks in a Markdown file. Throws Error for a file without them. */
export function writeMarkdown(file: string, rounds: readonly RoundResult[]): void {
  const text = readFileSync(file, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${file} has no place for the rounds: put the lines ${BEGIN} and ${END} where the table is to be.`);
  writeFileSync(file, `${before}${BEGIN}\n${tables(rounds)}\n${END}${after}`);
}

/** What rounds amount to, by seed, and what went wrong in them, by class. */
export function tables(rounds: readonly RoundResult[]): string {
  if (rounds.length === 0) return 'No rounds.';
  const seeds = [...new Set(rounds.map(({ seed }) => seed))];
  return [
    '| seed | rounds | that hold | issues | merged | await a person | events | deliveries | lost | sent again | effects tried again | seconds a round, median | slowest |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...seeds.map((seed) =>
      rowOf(
        seed,
        rounds.filter((round) => round.seed === seed),
      ),
    ),
    '',
    '| what went wrong | times | planned, and came to nothing |',
    '|---|---|---|',
    ...FAULT_CLASSES.map((kind) => faultRow(kind, rounds)),
  ].join('\n');
}

function rowOf(seed: string, rounds: readonly RoundResult[]): string {
  const sum = (of: (round: RoundResult) => number) => rounds.reduce((total, round) => total + of(round), 0);
  const seconds = rounds.map((round) => round.seconds).sort((a, b) => a - b);
  const cells = [
    seed,
    rounds.length,
    rounds.filter(({ violations }) => violations.length === 0).length,
    sum(({ issues }) => issues),
    sum(({ merged }) => merged),
    sum(({ awaitingHuman }) => awaitingHuman),
    sum(({ events }) => events),
    sum(({ deliveries }) => deliveries.made),
    sum(({ deliveries }) => deliveries.lost),
    sum(({ deliveries }) => deliveries.repeated),
    sum(({ effectsTriedAgain }) => effectsTriedAgain),
    seconds[Math.floor(seconds.length / 2)]!.toFixed(0),
    seconds.at(-1)!.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

function faultRow(kind: string, rounds: readonly RoundResult[]): string {
  const faults = rounds.flatMap((round) => round.faults).filter((fault) => fault.class === kind);
  const never = faults.filter(({ at }) => at === null).length;
  return `| ${kind} | ${faults.length - never} | ${never} |`;
}
