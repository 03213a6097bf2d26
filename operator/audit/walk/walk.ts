import type { EventMeta } from '#lib/events';

export interface WalkedEvent {
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  readonly meta: EventMeta;
  /** ms since the epoch. */
  readonly at: number;
}

export interface WalkedEffect {
  readonly key: string;
  readonly kind: string;
  readonly state: 'planned' | 'started' | 'succeeded' | 'failed';
  readonly attempt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export interface WalkedDelivery {
  readonly id: string;
  readonly event: string;
  readonly outcome: string | null;
}

/** One event of an issue with what came between it and the one before. */
export interface Step {
  readonly event: WalkedEvent;
  /** ms since the event before; null for the first. */
  readonly after: number | null;
  /** The event that led to it: the dispatch of the task that speaks, else the newest one that the decision knew. */
  readonly ledBy: { readonly version: number; readonly type: string } | null;
  /** The webhook that told of it. */
  readonly delivery: WalkedDelivery | null;
  /** Writes to the forge that ended between the event before and this one. */
  readonly effects: readonly WalkedEffect[];
}

export interface Walk {
  /** Newest first. */
  readonly steps: readonly Step[];
  /** Writes to the forge since the newest event, and those without an outcome. */
  readonly since: readonly WalkedEffect[];
}

/** An issue walked backwards. `events` are in the order of their versions. Pure. */
export function walk(
  events: readonly WalkedEvent[],
  effects: readonly WalkedEffect[],
  deliveries: readonly WalkedDelivery[],
): Walk {
  const told = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  const left = new Set(effects);
  const steps = events.map((event, index): Step => {
    const before = events[index - 1];
    const between = [...left].filter((effect) => endOf(effect) <= event.at);
    for (const effect of between) left.delete(effect);
    const { causation } = event.meta;
    return {
      event,
      after: before === undefined ? null : Math.max(0, event.at - before.at),
      ledBy: ledBy(events, index),
      delivery: causation?.kind === 'delivery' ? (told.get(causation.id) ?? null) : null,
      effects: between.sort((a, b) => endOf(a) - endOf(b)),
    };
  });
  return { steps: steps.reverse(), since: [...left] };
}

function endOf({ state, finishedAt }: WalkedEffect): number {
  return state === 'succeeded' || state === 'failed' ? (finishedAt ?? Infinity) : Infinity;
}

/** Counted beside the work: no decision follows from them. */
const BESIDE = new Set(['TOKENS_USED', 'EGRESS_DENIED']);

function ledBy(events: readonly WalkedEvent[], index: number): Step['ledBy'] {
  const event = events[index]!;
  const task = taskOf(event);
  const dispatch =
    task === null || event.type === 'TASK_DISPATCHED'
      ? undefined
      : events.findLast((one, at) => at < index && one.type === 'TASK_DISPATCHED' && taskOf(one) === task);
  const before = dispatch ?? events.findLast((one, at) => at < index && !BESIDE.has(one.type));
  return before === undefined ? null : { version: before.version, type: before.type };
}

function taskOf({ data }: WalkedEvent): string | null {
  const task = (data as { task?: unknown } | null)?.task;
  return typeof task === 'string' ? task : null;
}
