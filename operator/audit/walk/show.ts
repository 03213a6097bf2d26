import { type Colours, duration, eventLine, plain } from '#lib/terminal';
import type { Step, Walk, WalkedEffect } from './walk.ts';

/** A walk for a person: each event, below it how long after which other it came, by whom and why, and what was written meanwhile. */
export function showWalk(walked: Walk, issue: string, colours: Colours): string {
  const since = walked.since.map((effect) => `  ${effectLine(effect)}`);
  return [...since, ...walked.steps.flatMap((step) => stepLines(step, issue, colours))].join('\n');
}

function stepLines(step: Step, issue: string, colours: Colours): string[] {
  const { event, effects } = step;
  const shown = { type: event.type, data: event.data, at: new Date(event.at).toISOString(), subject: { name: issue } };
  const lines = [causeLine(step), ...[...effects].reverse().map(effectLine)];
  return [eventLine(shown, colours), ...lines.map((line) => colours.dim(`           ${line}`))];
}

function causeLine({ event, after, ledBy, delivery }: Step): string {
  const { actor, causation, policy } = event.meta;
  const told =
    delivery === null ? '' : ` (${delivery.event}${delivery.outcome === null ? '' : `, ${delivery.outcome}`})`;
  return plain(
    [
      after === null ? 'the first' : `${duration(after)} after the one before`,
      ...(ledBy === null ? [] : [`led by ${ledBy.type} (${ledBy.version})`]),
      `by ${actor.kind} ${actor.name}`,
      ...(causation === undefined ? [] : [`${causation.kind} ${causation.id}${told}`]),
      ...(policy === undefined ? [] : [`policy ${policy.name}`]),
    ].join(' · '),
  );
}

function effectLine({ key, kind, state, attempt, startedAt, finishedAt }: WalkedEffect): string {
  const took = startedAt === null || finishedAt === null ? '' : ` in ${duration(Math.max(0, finishedAt - startedAt))}`;
  return plain(`wrote ${kind} (${key}): ${state}${took}${attempt > 1 ? `, attempt ${attempt}` : ''}`);
}
