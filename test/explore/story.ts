import { phaseOf } from '#domain';
import type { Counterexample, Finding } from './search.ts';
import type { Space } from './space.ts';
import type { Strand } from './strand.ts';

const NAMES = ['issue A', 'issue B'] as const;

/** A counter-example as a story: what happened in order, what the logs said by then, and what broke. */
export function storyOf(space: Space, { invariant, says, steps }: Counterexample): string {
  const lines = steps.map(({ who, label, first, second }, index) => {
    const whose = who === null ? 'everybody' : NAMES[who];
    const phases = [first, second].map((id) => phaseOf(space.strand(id).log)).join(', ');
    return `${String(index + 1).padStart(4)}. ${whose.padEnd(9)} ${label}  [${phases}]`;
  });
  const end = steps.at(-1);
  const positions = end === undefined ? [] : [end.first, end.second].map((id) => positionOf(space.strand(id)));
  return [
    `${invariant} does not hold: ${says}.`,
    '',
    `A shortest way there, ${steps.length} steps:`,
    ...lines,
    '',
    ...positions.map((position, index) => `${NAMES[index]} then: ${position}`),
  ].join('\n');
}

/** Where a strand stands, in one line. */
function positionOf({ log, forge, told, processes, operation }: Strand): string {
  const lane = (name: 'work' | 'review') => log.task[name]?.name ?? 'nothing';
  const pulls = forge.pulls.map(({ number, state, head, checks, basis, thread, opinions }) => {
    const said = opinions.map(({ by, state: opinion }) => `${by} ${opinion}`).join(', ') || 'no review';
    return `#${number} ${state} at commit ${Number.parseInt(head, 16)} (check ${checks.result}, base ${basis}, thread ${thread}, ${said})`;
  });
  return [
    phaseOf(log),
    `claim ${log.work?.attempt ?? 'none'}, working ${lane('work')}, reviewing ${lane('review')}`,
    log.awaiting === null ? null : `a person is asked: ${log.awaiting.reason}`,
    `forge: ${pulls.join('; ') || 'no pull request'}`,
    `told of it: ${told.pull === null ? 'nothing' : `#${told.pull.number} ${told.pull.state}`}`,
    `processes: ${processes.map((one) => `${one.task} at ${one.step}${one.dead ? `, ${one.dead}` : ''}`).join('; ') || 'none'}`,
    operation === null ? null : `the conductor is at ${operation.do}, ${operation.stage}`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

/** What was explored, as lines for a person. */
export function summaryOf(found: Finding): string {
  const { states, transitions, strands, depth, frontier, doneAt, seconds, settled, unsettled } = found;
  const number = (value: number) => value.toLocaleString('en-US');
  const rate = seconds > 0 ? Math.round(transitions / seconds) : transitions;
  return [
    `  states      ${number(states)} (made of ${number(strands)} positions of one issue)`,
    `  transitions ${number(transitions)} (${number(rate)} a second)`,
    `  depth       ${depth}${doneAt === null ? '; both issues are Done nowhere in it' : `; both issues are first Done at ${doneAt}`}`,
    `  frontier    ${number(frontier)}`,
    `  settled     ${number(settled)} come to rest by themselves${unsettled === 0 ? '' : `, of ${number(unsettled)} it is open`}`,
    `  time        ${seconds.toFixed(1)} s`,
  ].join('\n');
}
