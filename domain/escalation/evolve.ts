import type { StoredEvent } from '../events/catalogue.ts';
import type { Awaiting } from '../issue/state.ts';

type Of<T extends StoredEvent['type']> = Extract<StoredEvent, { type: T }>;

/** A gate that was just raised: nobody is reminded yet, nobody has seen to it. */
export function asked({ data, version, at }: Of<'HUMAN_GATE_TRIGGERED'>): Awaiting {
  return { ...data, since: at, gate: version, reminded: null, acknowledged: null };
}

/** A gate after its reminder or acknowledgement. What speaks of an earlier gate, or of none, changes nothing. */
export function told(
  awaiting: Awaiting | null,
  event: Of<'HUMAN_GATE_REMINDED' | 'HUMAN_GATE_ACKNOWLEDGED'>,
): Awaiting | null {
  if (awaiting === null || awaiting.gate !== event.data.gate) return awaiting;
  const { version, at } = event;
  if (event.type === 'HUMAN_GATE_REMINDED') return { ...awaiting, reminded: { version, times: event.data.times, at } };
  const { by, note } = event.data;
  return awaiting.acknowledged === null ? { ...awaiting, acknowledged: { by, note, at } } : awaiting;
}
