import { annotations, type Issue } from '#crds';
import type { AskedPreparation } from '#domain';
import { cutText, legible } from '#lib/kube';

const BY_MAX = 1_024;
const NOTE_MAX = 1_024;

/**
 * What a person asks on an Issue object to be prepared; null where nobody does. That it was they who asked, and no machine, is the API server's to know:
 * its policy `rig-preparations` lets nobody write another's name.
 */
export function preparationOf({ metadata }: Pick<Issue, 'metadata'>): AskedPreparation | null {
  const said = metadata.annotations ?? {};
  const act = said[annotations.prepare] ?? '';
  const by = cutText(legible(said[annotations.prepareBy] ?? ''), BY_MAX);
  if (!/^[0-9a-f-]{8,64}$/.test(act) || by === '' || by.startsWith('system:serviceaccount:')) return null;
  const note = cutText(legible(said[annotations.prepareNote] ?? ''), NOTE_MAX);
  return { act, by, note: note === '' ? null : note };
}
