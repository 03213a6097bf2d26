import { type Agent, annotations } from '#crds';
import type { ChangeAct } from '#domain';
import { cutText, legible } from '#lib/kube';

/** Who says something, and which time they say it. */
interface Speech {
  readonly id: string;
  readonly by: string;
  readonly note: string | null;
}

/** What a person said of an Agent, or of a change that an Issue got merged. */
export type Said =
  | { readonly about: 'model'; readonly act: Speech; readonly model: string }
  /** A grant is in its bundle, and nowhere else. */
  | { readonly about: 'grant'; readonly act: Speech; readonly bundle: string }
  | { readonly about: 'change'; readonly act: ChangeAct; readonly issue: string }
  | { readonly about: 'nothing'; readonly id: string; readonly why: string };

/** Of all the words, a bundle among them. */
const SAID_MAX = 160_000;
export const BUNDLE_MAX = 131_072;
const ID = /^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/;
const COMMIT = /^[0-9a-f]{7,40}$/;

/**
 * What stands on an Agent for the conductor to record; null where nothing does. That it was the person whom it names is the API server's to know: its
 * policy `rig-agent-trust` lets nobody write another's name, and no ServiceAccount any. Words that were said of another Agent mean nothing here:
 * a manifest that is applied again, under another name or after a deletion, carries them along.
 */
export function saidOf({ metadata }: Pick<Agent, 'metadata'>): Said | null {
  const text = metadata.annotations?.[annotations.trust] ?? '';
  const by = cutText(legible(metadata.annotations?.[annotations.trustBy] ?? ''), 1_024);
  if (text === '' || by === '') return null;
  const said = text.length > SAID_MAX ? null : parsed(text);
  if (said === null)
    return nothing(`What is said of its trust is no JSON object of at most ${SAID_MAX} characters: run rig trust.`);
  const id = word(said.id);
  if (!ID.test(id))
    return nothing('What is said of its trust has no id of 8 to 64 letters, digits and dashes: run rig trust.');
  if (said.agent !== metadata.uid)
    return nothing('It was said of another Agent and came along with a manifest: run rig trust for this one.', id);
  const note = cutText(legible(word(said.note)), 1_024);
  return meaning(said, { id, by, note: note === '' ? null : note });
}

function meaning(said: Record<string, unknown>, act: Speech): Said {
  const { id } = act;
  switch (said.do) {
    case 'ack': {
      const model = cutText(word(said.model), 128);
      if (model === '' || model === 'unknown') return nothing('No model is named.', id);
      return { about: 'model', act, model };
    }
    case 'grant': {
      const bundle = word(said.bundle);
      if (bundle === '') return nothing('A grant is signed, and here is no signature: run rig trust grant.', id);
      if (bundle.length > BUNDLE_MAX)
        return nothing(`Its bundle has ${bundle.length} characters; ${BUNDLE_MAX} is the most.`, id);
      return { about: 'grant', act, bundle };
    }
    case 'fault':
    case 'clear': {
      const { change = null } = said;
      if (change !== null && !COMMIT.test(word(change)))
        return nothing('The change is named by 7 to 40 hexadecimal digits of its commit.', id);
      return {
        about: 'change',
        issue: word(said.issue),
        act: { ...act, do: said.do, mergeSHA: change as string | null },
      };
    }
    default:
      return nothing('It says none of ack, grant, fault and clear.', id);
  }
}

const nothing = (why: string, id = 'unreadable'): Said => ({ about: 'nothing', id, why });

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '');
