import type { Witnessed } from '../witness/chronicle.ts';

/** How an issue of a round ended. */
export type End = 'merged' | 'awaiting-human' | 'open';

const text = (event: Witnessed, field: string): string => String(event.data[field] ?? '');

/** What the log says of how the issue ended. `open` is what has not ended, or not in a way that a round accepts. */
export function endOf(log: readonly Witnessed[]): End {
  const last = log.findLast(({ type }) =>
    /^(ISSUE_DONE|HUMAN_GATE_TRIGGERED|HUMAN_GATE_CLEARED|ISSUE_REOPENED|ISSUE_FAILED|ISSUE_CANCELLED)$/.test(type),
  );
  if (last?.type === 'ISSUE_DONE') return 'merged';
  return last?.type === 'HUMAN_GATE_TRIGGERED' ? 'awaiting-human' : 'open';
}

/** Sentences about a stream that is not as every issue's has to be at the end of a round. */
export function checkLog(log: readonly Witnessed[]): string[] {
  return [
    ...checkOrder(log),
    ...checkClaims(log),
    ...checkTasks(log),
    ...checkOnce(log),
    ...checkEnd(log),
    ...checkMerge(log),
  ];
}

function checkOrder(log: readonly Witnessed[]): string[] {
  return log.flatMap(({ version, pos, type }, index) => {
    if (version !== index + 1) return [`${type} has version ${version} where ${index + 1} is due`];
    const before = log[index - 1];
    return before !== undefined && before.pos >= pos
      ? [`${type} (version ${version}) lies before version ${version - 1}`]
      : [];
  });
}

/** One writer at a time: a work claim begins only when the one before has ended. */
function checkClaims(log: readonly Witnessed[]): string[] {
  let live: string | undefined;
  return log.flatMap((event) => {
    if (event.type === 'ISSUE_ASSIGNED') {
      const before = live;
      live = text(event, 'claim');
      return before === undefined ? [] : [`claim ${live} began while ${before} was live`];
    }
    if (event.type !== 'ISSUE_UNASSIGNED') return [];
    const ended = live;
    live = undefined;
    return ended === text(event, 'claim') ? [] : [`claim ${text(event, 'claim')} ended while ${ended} was live`];
  });
}

const TASK_ENDS = ['TASK_FINISHED', 'TASK_LOST', 'TASK_CANCELLED'];

/** One task a lane at a time, each ended once, each with a fence above all before it. */
function checkTasks(log: readonly Witnessed[]): string[] {
  const live = new Map<string, string>();
  const lanes = new Map<string, string>();
  let highest = [-1, -1];
  return log.flatMap((event) => {
    const task = text(event, 'task');
    if (event.type === 'TASK_DISPATCHED') {
      const lane = text(event, 'lane');
      const other = live.get(lane);
      live.set(lane, task);
      const twice = lanes.has(task) ? [`task ${task} was dispatched twice`] : [];
      lanes.set(task, lane);
      const fence = text(event, 'fence').split('.').map(Number);
      const stale =
        fence[0]! > highest[0]! || (fence[0] === highest[0] && fence[1]! > highest[1]!)
          ? []
          : [`the fence of ${task} is not above the one before`];
      highest = fence;
      return [
        ...twice,
        ...stale,
        ...(other === undefined ? [] : [`${task} was dispatched while ${other} was live on lane ${lane}`]),
      ];
    }
    if (!TASK_ENDS.includes(event.type)) return [];
    const lane = lanes.get(task) ?? '';
    const ended = live.get(lane);
    live.delete(lane);
    return ended === task ? [] : [`${event.type} of ${task}, which was not live`];
  });
}

/** What happens at most once in an issue's life, or at most once for each of what it is about. */
function checkOnce(log: readonly Witnessed[]): string[] {
  const keys = log.flatMap((event) => {
    switch (event.type) {
      case 'ISSUE_FILED':
      case 'ISSUE_APPROVED':
      case 'MERGED':
      case 'ISSUE_DONE':
        return [event.type];
      case 'PR_CREATED':
        return [`PR_CREATED for ${text(event, 'branch')}`];
      case 'HEAD_FORWARDED':
        return [`HEAD_FORWARDED to ${text(event, 'to')} of ${text(event, 'branch')}`];
      case 'WORK_STARTED':
        return [`WORK_STARTED of ${text(event, 'task')}`];
      default:
        return [];
    }
  });
  return [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))].map((key) => `${key} is there twice`);
}

function checkEnd(log: readonly Witnessed[]): string[] {
  const end = endOf(log);
  if (end === 'open') return [`it has not ended; the last event is ${log.at(-1)?.type ?? 'none'}`];
  const merged = log.filter(({ type }) => type === 'MERGED').length;
  if (end === 'merged') return merged === 1 ? [] : [`it is done with ${merged} merges`];
  const gate = log.findLast(({ type }) => type === 'HUMAN_GATE_TRIGGERED')!;
  const reasoned = text(gate, 'reason') !== '' && text(gate, 'message') !== '';
  return reasoned ? [] : ['it awaits a person and does not say why'];
}

/** No merge without its gate: the head that was merged was tested, reviewed and asked for before. */
function checkMerge(log: readonly Witnessed[]): string[] {
  const at = log.findIndex(({ type }) => type === 'MERGED');
  const merged = log[at];
  if (merged === undefined) return [];
  const head = text(merged, 'headSHA');
  const before = log.slice(0, at);
  return ['CI_PASSED', 'REVIEW_PASSED', 'MERGE_REQUESTED']
    .filter((type) => !before.some((event) => event.type === type && text(event, 'headSHA') === head))
    .map((type) => `it was merged at ${head} without ${type} on that head before`);
}
