import { FAULT_CLASSES, type Fault, type FaultClass, type ForgeFault, FROZEN, KILLED } from './fault.ts';
import { type Random, randomOf } from './random.ts';

/** Events that every issue has on its way to its merge: moments of a round. */
export const MOMENTS = [
  'ISSUE_FILED',
  'ISSUE_ASSIGNED',
  'WORK_STARTED',
  'HEAD_FORWARDED',
  'PR_CREATED',
  'TASK_FINISHED',
  'REVIEW_ASSIGNED',
  'CI_PASSED',
  'REVIEW_PASSED',
  'MERGE_REQUESTED',
  'MERGED',
] as const;
export type MomentEvent = (typeof MOMENTS)[number];

/** When the round has seen this many events of a type. */
export interface Moment {
  readonly event: MomentEvent;
  /** From 1 to the number of issues. */
  readonly nth: number;
}

export interface Planned {
  readonly at: Moment;
  readonly fault: Fault;
}

/** What goes wrong in one round, and when. */
export interface Schedule {
  readonly seed: string;
  readonly round: number;
  readonly issues: number;
  readonly faults: readonly Planned[];
}

export interface PlanOptions {
  readonly seed: string;
  /** From 1. */
  readonly round: number;
  readonly issues: number;
  /** How many things go wrong: one of each class first, in an order of the seed's, then any. */
  readonly faults: number;
}

/** The schedule of a round: the same options give the same one. */
export function plan({ seed, round, issues, faults }: PlanOptions): Schedule {
  const random = randomOf(`${seed}/${round}`);
  const classes: FaultClass[] = [];
  while (classes.length < faults) classes.push(...random.shuffle(FAULT_CLASSES));
  const planned = classes.slice(0, faults).map((kind) => {
    const fault = faultOf(kind, random, issues);
    return { at: momentFor(fault, random, issues), fault };
  });
  return { seed, round, issues, faults: planned };
}

function faultOf(kind: FaultClass, random: Random, issues: number): Fault {
  switch (kind) {
    case 'kill':
      return { class: kind, what: random.pick(KILLED) };
    case 'freeze':
      return { class: kind, what: random.pick(FROZEN), ms: random.int(500, 4_000) };
    case 'freeze-agent':
      return { class: kind, ms: random.int(500, 5_000) };
    case 'freeze-leader':
      return { class: kind, ms: random.int(8_000, 11_000) };
    case 'webhooks':
      return webhooks(random);
    case 'forge-refuses':
      return { class: kind, fault: refusal(random, issues) };
    case 'forge-answer-lost':
      return { class: kind, fault: lostAnswer(random, issues) };
    case 'kill-leader':
    case 'kill-agent':
    case 'cut-database':
      return { class: kind };
  }
}

function webhooks(random: Random): Fault {
  const fraction = () => random.pick([0, 0.2, 0.5, 0.8]);
  return {
    class: 'webhooks',
    drop: random.pick([0.2, 0.5, 1]),
    duplicate: fraction(),
    reorder: fraction(),
    delay: random.pick([0, 0.1]),
    seed: random.int(1, 1_000_000),
    ms: random.int(3_000, 10_000),
  };
}

/** What is written to the forge, and by whom: the round's own calls are those of another person. */
const WRITES = [
  { operation: 'POST /repos/{owner}/{repo}/issues', login: 'rig-conductor' },
  { operation: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments', login: 'rig-conductor' },
  { operation: 'POST /repos/{owner}/{repo}/pulls', login: 'rig-dev-e' },
  { operation: 'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', login: 'rig-review-e' },
  { operation: 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', login: 'rig-conductor' },
  { operation: 'GIT /git-receive-pack' },
] as const;
const READS = [
  { operation: 'POST /graphql', login: 'rig-conductor' },
  { operation: 'GET *', login: 'rig-conductor' },
  { operation: 'GIT /git-upload-pack' },
] as const;

function refusal(random: Random, issues: number): ForgeFault {
  const write = random.int(0, 1) === 0;
  const where = write ? random.pick(WRITES) : random.pick(READS);
  const how = random.pick<Pick<ForgeFault, 'kind' | 'status' | 'retryAfterSeconds'>>([
    { kind: 'status', status: 500 },
    { kind: 'status', status: 502 },
    { kind: 'status', status: 429, retryAfterSeconds: 1 },
    { kind: 'secondary', retryAfterSeconds: 2 },
    { kind: 'cut' },
  ]);
  // A write of which nobody knows what became of it is looked for during a minute: one of those is enough for a round.
  return { ...where, ...how, skip: random.int(0, Math.floor(issues / 2)), times: write ? 1 : random.int(1, 4) };
}

function lostAnswer(random: Random, issues: number): ForgeFault {
  const how = random.pick<Pick<ForgeFault, 'kind' | 'delayMs'>>([
    { kind: 'drop' },
    { kind: 'drop' },
    { kind: 'late', delayMs: 15_000 },
  ]);
  return { ...random.pick(WRITES), ...how, skip: random.int(0, Math.floor(issues / 2)), times: random.int(1, 2) };
}

/** A fault of an agent needs the start of one; what the forge does to later calls is best asked for early; the rest comes at any time. */
function momentFor(fault: Fault, random: Random, issues: number): Moment {
  const nth = random.int(1, issues);
  if (fault.class === 'kill-agent' || fault.class === 'freeze-agent') return { event: 'WORK_STARTED', nth };
  if (fault.class === 'forge-refuses' || fault.class === 'forge-answer-lost') return { event: 'ISSUE_FILED', nth };
  return { event: random.pick(MOMENTS), nth };
}
