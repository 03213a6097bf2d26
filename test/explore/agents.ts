import type { Report } from '#domain';
import { reviewE } from '../../domain/testing/facts.ts';
import { short } from './conductor.ts';
import { append, demand } from './log.ts';
import type { Rules } from './rules.ts';
import {
  type Call,
  type Process,
  type Pull,
  pullOf,
  readWhole,
  type Step,
  type Strand,
  step,
  withPull,
} from './strand.ts';
import { attemptOf, branchOf, commitOf } from './world.ts';

const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };

/**
 * Everything that agents may do next, those whose tasks have ended included. A call at the forge has a limit of seconds and a task takes minutes: one
 * that was left behind is over before the next task of its lane makes its own.
 */
export function agentSteps(rules: Rules, strand: Strand): Step[] {
  return strand.processes.flatMap((process) => {
    const { call, dead, lane } = process;
    if (call !== null)
      return call.stage === 'admitted' ? carryOut(strand, process, call) : told(rules, strand, process, call);
    const held = strand.processes.some((other) => other.lane === lane && other.call?.stage === 'admitted');
    return dead === null && !held ? free(rules, strand, process) : [];
  });
}

const change = (strand: Strand, process: Process, over: Partial<Process>): Strand => ({
  ...strand,
  processes: strand.processes.map((one) => (one.task === process.task ? { ...one, ...over } : one)),
});

const without = (strand: Strand, { task }: Process): Strand => ({
  ...strand,
  processes: strand.processes.filter((one) => one.task !== task),
});

/** Processes whose task has ended and that are in the middle of nothing: nothing more of them is taken, so they are gone. */
export function sweep(rules: Rules, strand: Strand): Strand {
  const left = strand.processes.filter((one) => one.call !== null || lives(strand, one));
  if (left.length === strand.processes.length) return strand;
  for (const one of strand.processes)
    if (!left.includes(one)) report(rules, strand, one, { type: 'stuck', evidence: 'It goes on though it ended.' });
  return { ...strand, processes: left };
}

/** Whether the claim is live, by what the events said: what the conductor's answer is held against. */
const lives = ({ witness }: Strand, { task, lane }: Process): boolean => witness[lane] === task;

/** What a report comes to; a dead fence is refused, and whoever sent it stops. Throws Broken where the rules took it all the same. */
function report(rules: Rules, strand: Strand, process: Process, said: Report): Strand | null {
  const decision = rules.decideReport(strand.log, { task: process.task, fence: process.fence }, said);
  demand(
    decision.accepted === lives(strand, process),
    'DeadFences',
    `a report of ${process.task} was taken, or refused, against its fence`,
  );
  return decision.accepted ? append(rules, strand, decision.events) : null;
}

function free(rules: Rules, strand: Strand, process: Process): Step[] {
  const { task } = process;
  const then = process.lane === 'review' ? 'verdict' : 'push';
  switch (process.step) {
    case 'boot': {
      const started = report(rules, strand, process, { type: 'started', model: 'replay' })!;
      return [step(`${task} starts`, change(started, process, { step: then }))];
    }
    case 'push':
      return [admitPush(strand, process), ...badEnds(rules, strand, process)];
    case 'open':
      return [step(`${task} asks for its pull request`, change(strand, process, { call: admitted({}) }))];
    case 'verdict':
      return [...admitVerdict(strand, process), ...badEnds(rules, strand, process)];
    case 'finish':
      return [finish(rules, strand, process, 'succeeded')];
  }
}

const admitted = (over: Partial<Call>): Call => ({
  stage: 'admitted',
  from: null,
  to: null,
  passed: false,
  review: 0,
  number: 0,
  ...over,
});

function finish(rules: Rules, strand: Strand, process: Process, result: 'succeeded' | 'failed'): Step {
  const said = {
    type: 'finished',
    result,
    reason: result === 'failed' ? 'TaskFailed' : 'Succeeded',
    message: 'So.',
    tokens,
  };
  const answered = process.kind === 'rework' && result === 'succeeded' ? resolved(strand, process) : strand;
  const after = report(rules, answered, process, said as Report)!;
  return step(
    `${process.task} reports that it ${result}`,
    without(after, process),
    result === 'failed' ? 'setback' : 'none',
  );
}

/** Whoever answers what the reviewer asked says so in its thread, with a commit or without: of the head that was sent back, not of a later one. */
function resolved(strand: Strand, process: Process): Strand {
  const pull = strand.forge.pulls.find(
    ({ attempt, thread }) => attempt === attemptOf(process.task) && thread === 'open',
  );
  return pull === undefined || pull.threadHead !== process.head
    ? strand
    : readWhole(withPull(strand, pull.number, { thread: 'resolved' }), pull.number);
}

function badEnds(rules: Rules, strand: Strand, process: Process): Step[] {
  const asked = report(rules, strand, process, { type: 'asked', question: 'Which one?' })!;
  const idle = process.kind === 'rework' || process.lane === 'review';
  return [
    finish(rules, strand, process, 'failed'),
    step(`${process.task} asks for a person`, without(asked, process), 'setback'),
    ...(idle ? [{ ...finish(rules, strand, process, 'succeeded'), cost: 'setback' } as const] : []),
  ];
}

const tipOf = ({ forge }: Strand, attempt: number): string | null =>
  forge.branches.find((branch) => branch.attempt === attempt)?.head ?? null;

function admitPush(strand: Strand, process: Process): Step {
  const attempt = attemptOf(process.task);
  const from = tipOf(strand, attempt);
  const before = strand.log.forwarded.findLast((one) => one.attempt === attempt)?.sha ?? null;
  const mine = strand.forge.branches.some((one) => one.attempt === attempt && one.by === 'gateway');
  if (mine && from !== before) {
    const call = { ...admitted({ from: before, to: from }), stage: 'done' } as const;
    return step(`${process.task} pushes again what the forge has already`, change(strand, process, { call }));
  }
  const call = admitted({ from, to: commitOf(strand.forge.commits + 1) });
  return step(`${process.task} pushes ${short(call.to!)}`, change(strand, process, { call }));
}

function admitVerdict(strand: Strand, process: Process): Step[] {
  const none = (why: string, at: Strand) =>
    step(`${process.task} gives no verdict: ${why}`, change(at, process, { step: 'finish' }));
  // A person merged the pull request of an earlier attempt meanwhile, and the log has just been told.
  if (strand.log.pullRequest === null) return [none('the log has no pull request', strand)];
  const { number } = strand.log.pullRequest;
  const read = readWhole(strand, number);
  if (pullOf(strand, number)!.head !== process.head) return [none('the head moved', read)];
  return [true, false].map((passed) =>
    step(
      `${process.task} ${passed ? 'approves' : 'asks for changes'}`,
      change(read, process, { call: admitted({ passed, number }) }),
      passed ? 'none' : 'setback',
    ),
  );
}

/** The effect at the forge. Whether the claim has ended meanwhile is not known there. */
function carryOut(strand: Strand, process: Process, call: Call): Step[] {
  const done = (label: string, at: Strand, over: Partial<Call> = {}): Step[] => [
    step(label, change(at, process, { call: { ...call, ...over, stage: 'done' } })),
  ];
  switch (process.step) {
    case 'push': {
      const attempt = attemptOf(process.task);
      if (tipOf(strand, attempt) !== call.from)
        return [
          step(
            `the forge refuses the push of ${process.task}: the branch moved`,
            change(strand, process, { call: null }),
          ),
        ];
      return done(`the forge has ${short(call.to!)}`, pushed(strand, attempt, call.to!, 'gateway'));
    }
    case 'open':
      return done('the forge has the pull request', opened(strand, attemptOf(process.task)));
    default: {
      const made = strand.forge.pulls.flatMap(({ opinions }) => opinions).find((one) => one.task === process.task);
      if (made !== undefined)
        return done(`the review of ${process.task} is found at the forge`, strand, {
          review: made.id,
          passed: call.passed && made.state === 'approved',
        });
      const id = strand.forge.reviews + 1;
      return done(`the forge has the review of ${process.task}`, reviewed(strand, process, call, id), {
        review: id,
      });
    }
  }
}

/** The branch with one more commit, which has the tip of the base in it and answers what was asked. */
export function pushed(strand: Strand, attempt: number, head: string, by: 'gateway' | 'person'): Strand {
  const branches = [...strand.forge.branches.filter((one) => one.attempt !== attempt), { attempt, head, by }];
  const forge = { ...strand.forge, branches, commits: strand.forge.commits + 1 };
  const pull = forge.pulls.find((one) => one.attempt === attempt && one.state === 'open');
  const after = { ...strand, forge };
  if (pull === undefined) return after;
  return withPull(after, pull.number, { head, by, basis: 'current', checks: { head, result: 'none' } });
}

/** One that an earlier call made is found by its branch, open or not. */
function opened(strand: Strand, attempt: number): Strand {
  const { pulls } = strand.forge;
  if (pulls.some((pull) => pull.attempt === attempt)) return strand;
  const head = tipOf(strand, attempt)!;
  const pull: Pull = {
    number: 30 + pulls.length,
    attempt,
    state: 'open',
    head,
    by: 'gateway',
    basis: 'current',
    checks: { head, result: 'none' },
    opinions: [],
    thread: 'none',
    threadHead: null,
    mergedBy: null,
  };
  return { ...strand, forge: { ...strand.forge, pulls: [...pulls, pull] } };
}

function reviewed(strand: Strand, process: Process, { passed, number }: Call, id: number): Strand {
  const { opinions } = pullOf(strand, number)!;
  const state = passed ? 'approved' : 'changes_requested';
  const others = opinions.filter(({ by }) => by !== 'reviewer');
  const mine = { id, by: 'reviewer', state, head: process.head!, task: process.task } as const;
  const after = { ...strand, forge: { ...strand.forge, reviews: id } };
  return withPull(after, number, {
    opinions: [...others, mine],
    ...(passed ? {} : { thread: 'open', threadHead: process.head }),
  });
}

/** What was done is written down under the caller's fence; then the agent has its answer, or has lost it and asks again. */
function told(rules: Rules, strand: Strand, process: Process, call: Call): Step[] {
  const attempt = attemptOf(process.task);
  const said = saying(strand, process, call);
  const number =
    said.type === 'headForwarded'
      ? null
      : (strand.forge.pulls.find((pull) => pull.attempt === attempt)?.number ?? null);
  const read = number === null ? strand : readWhole(strand, number);
  const after = report(rules, read, process, said);
  if (after === null) return [step(`${process.task} is refused: its fence is dead`, without(read, process))];
  const twice = report(rules, after, process, said);
  demand(twice?.log.version === after.log.version, 'EffectsOnce', `a report of ${process.task} was written down twice`);
  const next = process.step === 'push' && process.kind === 'implement' ? 'open' : 'finish';
  return [step(`what ${process.task} did is written down`, change(after, process, { call: null, step: next }))];
}

function saying(strand: Strand, process: Process, call: Call): Report {
  const attempt = attemptOf(process.task);
  const branch = branchOf(attempt);
  switch (process.step) {
    case 'push':
      return { type: 'headForwarded', branch, from: call.from, to: call.to!, base: commitOf(4_000) };
    case 'open': {
      const pull = strand.forge.pulls.find((one) => one.attempt === attempt)!;
      const headSHA = strand.log.forwarded.findLast((one) => one.attempt === attempt)?.sha ?? pull.head;
      return { type: 'pullRequestOpened', number: pull.number, url: 'https://forge.example/pull', headSHA, branch };
    }
    default: {
      const { review } = call;
      const made = strand.forge.pulls.flatMap(({ opinions }) => opinions).find((one) => one.id === review);
      const passed = call.passed && (made === undefined || made.state === 'approved');
      const threads = passed ? 0 : 1;
      return { type: 'reviewed', passed, headSHA: process.head!, by: reviewE, review, threads };
    }
  }
}
