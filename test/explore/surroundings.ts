import type { Command } from '#domain';
import { ada } from '../../domain/testing/facts.ts';
import { pushed } from './agents.ts';
import { append, grew } from './log.ts';
import { mergedAt } from './operations.ts';
import type { Rules } from './rules.ts';
import { type Cost, type Opinion, type Pull, pullOf, type Step, type Strand, step, withPull } from './strand.ts';
import { commitOf } from './world.ts';

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The parts in which deliveries tell of a pull request: each may be late, come twice or never, but an older one never replaces a newer. */
const PARTS: readonly { readonly name: string; readonly fields: readonly (keyof Pull)[] }[] = [
  { name: 'its head and state', fields: ['state', 'head', 'by', 'basis', 'mergedBy'] },
  { name: 'its checks', fields: ['checks'] },
  { name: 'its reviews', fields: ['opinions', 'thread', 'threadHead'] },
];

/** What the forge tells of what it has, in any order. */
export function deliveries(_: Rules, strand: Strand): Step[] {
  const { told, forge } = strand;
  const closed = forge.issue === 'closed';
  const issue =
    told.closed === closed
      ? []
      : [step(`the forge tells that the issue is ${forge.issue}`, { ...strand, told: { ...told, closed } })];
  const { pull } = told;
  const real = pull === null ? undefined : pullOf(strand, pull.number);
  if (pull === null || real === undefined) return issue;
  const late = PARTS.filter(({ fields }) => fields.some((field) => !same(pull[field], real[field])));
  return [
    ...issue,
    ...late.map(({ name, fields }) => {
      const news = Object.fromEntries(fields.map((field) => [field, real[field]])) as Partial<Pull>;
      return step(`the forge tells of pull request ${pull.number}: ${name}`, {
        ...strand,
        told: { ...told, pull: { ...pull, ...news } },
      });
    }),
  ];
}

/** Checks conclude, and what is merged is deployed. */
export function machines(_: Rules, strand: Strand): Step[] {
  const tested = strand.forge.pulls
    .filter(({ state, checks }) => state === 'open' && checks.result === 'none')
    .flatMap(({ number, head }) =>
      (['passed', 'failed'] as const).map((result) =>
        step(
          `the check of pull request ${number} ${result}`,
          withPull(strand, number, { checks: { head, result } }),
          result === 'failed' ? 'setback' : 'none',
        ),
      ),
    );
  const merged = strand.forge.pulls.some(({ state }) => state === 'merged');
  const deploy = (deployed: Strand['forge']['deployed'], cost: Cost): Step =>
    step(`the deployment: ${deployed}`, { ...strand, forge: { ...strand.forge, deployed } }, cost);
  if (!merged || strand.forge.deployed === 'live') return tested;
  return [...tested, deploy('live', 'none'), ...(strand.forge.deployed === 'not' ? [deploy('failed', 'setback')] : [])];
}

/** What a person with write permission may do. */
export function people(rules: Rules, strand: Strand): Step[] {
  return [...commands(rules, strand), ...atTheForge(strand), ...edits(strand)].map((one) => ({
    ...one,
    label: `a person ${one.label}`,
    cost: 'person',
  }));
}

const COMMANDS: readonly Command[] = [
  { do: 'retry' },
  { do: 'cancel' },
  { do: 'review' },
  { do: 'hold', on: true },
  { do: 'hold', on: false },
];

function commands(rules: Rules, strand: Strand): Step[] {
  if (strand.log.spec === null) return [];
  return COMMANDS.flatMap((command) => {
    const decision = rules.decideCommand(strand.log, { command, by: ada, comment: null });
    if (!decision.accepted) return [];
    const after = append(rules, strand, decision.events);
    const word = command.do === 'hold' && !command.on ? 'hold off' : command.do;
    return grew(strand, after) ? [step(`says /rig ${word}`, after)] : [];
  });
}

function atTheForge(strand: Strand): Step[] {
  const { forge } = strand;
  const set = (issue: 'open' | 'closed'): Strand => ({ ...strand, forge: { ...forge, issue } });
  const merged = forge.pulls.some(({ state }) => state === 'merged');
  const issue =
    forge.issue === 'open'
      ? [step('closes the issue', set('closed'))]
      : forge.issue === 'closed' && !merged
        ? [step('opens the issue again', set('open'))]
        : [];
  const pull = forge.pulls.at(-1);
  if (pull === undefined) return issue;
  const earlier = forge.pulls.slice(0, -1).filter(({ state }) => state === 'open');
  return [...issue, ...atPull(strand, pull), ...earlier.map(({ number }) => mergesByHand(strand, number))];
}

const mergesByHand = (strand: Strand, number: number): Step => ({
  ...step(`merges pull request ${number}`, mergedAt(strand, number, 'person')),
  merged: true,
});

function atPull(strand: Strand, pull: Pull): Step[] {
  const { number, state, attempt, head } = pull;
  if (state === 'closed')
    return [step(`opens pull request ${number} again`, withPull(strand, number, { state: 'open' }))];
  if (state === 'merged') return [];
  const opinion = (said: Opinion['state']): Strand => {
    const id = strand.forge.reviews + 1;
    const mine: Opinion = { id, by: 'person', state: said, head, task: null };
    const opinions = [...pull.opinions.filter(({ by }) => by !== 'person'), mine];
    return withPull({ ...strand, forge: { ...strand.forge, reviews: id } }, number, { opinions });
  };
  const dismissed = pull.opinions.map((one) => (one.by === 'reviewer' ? { ...one, state: 'dismissed' as const } : one));
  return [
    step(`closes pull request ${number}`, withPull(strand, number, { state: 'closed' })),
    mergesByHand(strand, number),
    step(`approves pull request ${number}`, opinion('approved')),
    step(`asks for changes of pull request ${number}`, opinion('changes_requested')),
    step(
      `pushes to the branch of pull request ${number}`,
      pushed(strand, attempt, commitOf(strand.forge.commits + 1), 'person'),
    ),
    ...(same(dismissed, pull.opinions)
      ? []
      : [step(`dismisses the review of pull request ${number}`, withPull(strand, number, { opinions: dismissed }))]),
  ];
}

function edits(strand: Strand): Step[] {
  const { wish } = strand;
  if (wish === null) return [];
  const generation = wish.generation + 1;
  const spec = { ...wish.spec, body: `Text ${generation}.` };
  return [step('edits the issue', { ...strand, wish: { ...wish, generation, spec } })];
}

/** What may break at any moment beside the conductor itself: a Job that is killed with its node, or whose process ends without a word. */
export function losses(_: Rules, strand: Strand): Step[] {
  return strand.processes
    .filter(({ dead }) => dead === null)
    .flatMap((process) =>
      (['killed', 'exited'] as const).map((dead) => {
        const processes = strand.processes.map((one) => (one === process ? { ...one, dead } : one));
        return step(`the Job of ${process.task} is ${dead}`, { ...strand, processes }, 'fault');
      }),
    );
}

/**
 * The conductor dies, or stands still until another has followed it: what it was at is forgotten, or refused when it wakes up, and what agents
 * asked of it goes unanswered. Only a call that it has sent may still arrive.
 */
export function crashed(strand: Strand): Strand {
  const { operation } = strand;
  const sent = operation?.do === 'merge' && operation.stage === 'begun' ? operation : null;
  const flight = sent === null ? strand.flight : { number: sent.number, head: sent.head };
  const processes = strand.processes.map((one) => (one.call === null ? one : { ...one, call: null }));
  return { ...strand, operation: null, flight, processes };
}

/** The other issue's change was merged: open heads no longer contain the tip of the base, and perhaps conflict with it. */
export function baseMoved(strand: Strand, basis: 'behind' | 'conflict'): Strand {
  const pulls = strand.forge.pulls.map((pull) =>
    pull.state === 'open' && pull.basis === 'current' ? { ...pull, basis } : pull,
  );
  return { ...strand, forge: { ...strand.forge, pulls } };
}
