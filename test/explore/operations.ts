import { refusal, short } from './conductor.ts';
import { append, demand } from './log.ts';
import type { Rules } from './rules.ts';
import { type Operation, pullOf, readWhole, type Step, type Strand, step, untoldPulls, withPull } from './strand.ts';
import { attemptOf, branchOf, NUMBER } from './world.ts';

type Merge = Extract<Operation, { do: 'merge' }>;

/** How what the conductor is at goes on: its beginning, its effect at the forge and its end in the log are steps of their own. */
export function operate(rules: Rules, strand: Strand): Step[] {
  const { operation } = strand;
  switch (operation?.do) {
    case 'file':
      return [file(rules, strand, operation.stage)];
    case 'close':
      return [close(rules, strand, operation)];
    case 'merge':
      return merge(rules, strand, operation);
    default:
      return [];
  }
}

/** After an unknown outcome it is looked for by its marker before it is filed again. */
function file(rules: Rules, strand: Strand, stage: 'begun' | 'done'): Step {
  if (stage === 'done')
    return step('the number is written down', {
      ...append(rules, strand, rules.decideFiled(strand.log, NUMBER)),
      operation: null,
    });
  const operation = { do: 'file', stage: 'done' } as const;
  if (strand.forge.issue !== 'none')
    return step('the issue is found at the forge by its marker', { ...strand, operation });
  demand(strand.filed === 0, 'EffectsOnce', 'the issue was filed twice');
  const forge = { ...strand.forge, issue: 'open' } as const;
  return step('the forge has the issue', { ...strand, forge, filed: strand.filed + 1, operation });
}

function close(rules: Rules, strand: Strand, operation: Extract<Operation, { do: 'close' }>): Step {
  const { number, stage } = operation;
  if (stage === 'begun') {
    const closed = pullOf(strand, number)?.state === 'open' ? withPull(strand, number, { state: 'closed' }) : strand;
    return step(`pull request ${number} is closed at the forge`, {
      ...closed,
      operation: { ...operation, stage: 'done' },
    });
  }
  // What it is then is looked at: a merge that was on its way is told as one in the next look.
  if (strand.log.merged === null && pullOf(strand, number)?.state === 'merged')
    return step(`pull request ${number} is found merged`, { ...strand, operation: null });
  const told = strand.log.stalePullRequests.includes(number)
    ? append(rules, strand, [{ type: 'PR_CLOSED', data: { number, stale: true, by: null } }])
    : strand;
  return step(`that pull request ${number} is closed is written down`, { ...told, operation: null });
}

function merge(rules: Rules, strand: Strand, operation: Merge): Step[] {
  const to = (label: string, change: Partial<Strand>, stage: Merge['stage'], over: Partial<Merge> = {}): Step =>
    step(label, { ...strand, ...change, operation: { ...operation, ...over, stage } });
  const { number, head, version, stage } = operation;
  switch (stage) {
    case 'requested':
      // While an attempt of this decision may still come to light it is looked for, and not made again.
      if (strand.flight !== null && strand.row?.version === version) return [];
      return [begin(strand, operation, to)];
    case 'begun':
      return call(strand, operation);
    case 'merged':
      return [
        step(`the merge of pull request ${number} is read back`, {
          ...readWhole(strand, number),
          row: { version, outcome: 'merged' },
          operation: null,
        }),
      ];
    case 'refused':
      return [to('the refusal is noted with the effect', { row: { version, outcome: operation.code! } }, 'settled')];
    case 'settled': {
      const reason = operation.code === 'Refused' ? 'MergeRefused' : operation.code!;
      const told = append(rules, strand, refusal(strand.log, head, reason));
      return [step(`the refusal (${reason}) is written down`, { ...readWhole(told, number), operation: null })];
    }
  }
}

/** One decision has one effect: what is known of it already is not done again. */
function begin(
  { row, forge }: Strand,
  { version, number }: Merge,
  to: (label: string, change: Partial<Strand>, stage: Merge['stage'], over?: Partial<Merge>) => Step,
): Step {
  const known = row?.version === version ? row.outcome : null;
  if (known !== null && known !== 'started' && known !== 'merged')
    return to('this decision was refused already', {}, 'settled', { code: known });
  const done = forge.pulls.some((pull) => pull.number === number && pull.mergedBy === 'conductor');
  if (known === 'merged' || (known === 'started' && done))
    return to('the merge that was begun is found done', {}, 'merged');
  return to('that the merge begins is committed', { row: { version, outcome: 'started' } }, 'begun');
}

/** The call carries the head; the forge refuses another one, and what it cannot merge. */
function call(strand: Strand, operation: Merge): Step[] {
  const { number, head } = operation;
  const refuse = (code: NonNullable<Merge['code']>): Strand => ({
    ...strand,
    operation: { ...operation, stage: 'refused', code },
  });
  const code = refusalOf(strand, number, head);
  if (code !== null) return [step(`the forge refuses: ${code}`, refuse(code))];
  const merged = { ...arrived(strand, number), operation: { ...operation, stage: 'merged' } } as const;
  return [
    { ...step(`the forge merges pull request ${number} at ${short(head)}`, merged), merged: true },
    step('the forge refuses for reasons of its own', refuse('Refused'), 'setback'),
  ];
}

function refusalOf(strand: Strand, number: number, head: string): Merge['code'] {
  const pull = pullOf(strand, number)!;
  if (pull.state !== 'open') return 'Refused';
  if (pull.head !== head) return 'HeadMoved';
  return pull.basis === 'conflict' ? 'NotMergeable' : null;
}

function arrived(strand: Strand, number: number): Strand {
  const other = strand.forge.pulls.some(({ mergedBy }) => mergedBy === 'conductor');
  demand(!other, 'MergedOnce', 'the conductor merged a second change of the issue');
  return mergedAt(strand, number, 'conductor');
}

/** The leader tells the log of a pull request that was made, and that nobody is about to write down. */
export function leftovers(rules: Rules, strand: Strand): Step[] {
  const opening = strand.processes.filter(({ call, step: at }) => call !== null && at === 'open');
  const left = untoldPulls(strand).filter(({ attempt }) => !opening.some(({ task }) => attemptOf(task) === attempt));
  return left.map(({ number, head: headSHA, attempt }) => {
    const pull = { number, url: 'https://forge.example/pull', headSHA, branch: branchOf(attempt) };
    const told = append(rules, strand, rules.decideOpened(strand.log, pull));
    const shown = told.log.pullRequest?.number === number ? readWhole(told, number) : told;
    return step(`the leader tells of pull request ${number}, which nobody wrote down`, shown);
  });
}

/** A call that nobody waits for any more arrives, or never does. */
export function flights(_: Rules, strand: Strand): Step[] {
  const { flight } = strand;
  if (flight === null) return [];
  const { number, head } = flight;
  const landed = { ...strand, flight: null };
  const lost = step('the merge call that was under way never arrives', landed);
  if (refusalOf(strand, number, head) !== null) return [lost];
  const merged = step(`the merge call that was under way arrives: #${number} is merged`, arrived(landed, number));
  return [{ ...merged, merged: true }, lost];
}

/** What a merge makes of the forge: it closes the issue as well. */
export function mergedAt(strand: Strand, number: number, by: 'conductor' | 'person'): Strand {
  const merged = withPull(strand, number, { state: 'merged', mergedBy: by });
  return { ...merged, forge: { ...merged.forge, issue: 'closed' } };
}
