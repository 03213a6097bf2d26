import { annotations, type Issue } from '#crds';
import type { Acknowledgement } from '#domain';
import { cutText, legible } from '#lib/kube';

const BY_MAX = 1_024;
const NOTE_MAX = 1_024;

/**
 * What a person says on an Issue object of the question it waits with; null where nobody does. That it was they who said so is the API
 * server's to know: its policy `rig-acknowledgements` lets nobody write another's name.
 */
export function acknowledgementOf({ metadata }: Pick<Issue, 'metadata'>): Acknowledgement | null {
  const said = metadata.annotations ?? {};
  const [, gate, since] = /^([1-9]\d{0,8})@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(said[annotations.ack] ?? '') ?? [];
  const by = cutText(legible(said[annotations.ackBy] ?? ''), BY_MAX);
  if (gate === undefined || since === undefined || by === '') return null;
  const note = cutText(legible(said[annotations.ackNote] ?? ''), NOTE_MAX);
  return { gate: Number(gate), since: Date.parse(since), by, note: note === '' ? null : note };
}
