import type { ChangedFile } from './change.ts';
import type { Content } from './content.ts';
import type { Engines } from './engines.ts';
import { builtIn, type Finding } from './grade.ts';
import type { Judge } from './judges.ts';
import { isDisguised } from './manifests.ts';
import { newPlaces } from './sources.ts';
import { traitsOf } from './traits.ts';

/** What is below no policy: the judges' list, manifests by what they say, and where packages come from. */
export function judged(file: ChangedFile, name: string, content: Content | null, engines: Engines): Finding[] {
  const { judges, manifest, lock } = traitsOf(name);
  if (judges.length === 0 && !manifest && !lock && file.manifest !== true) return [];
  return [
    ...judges.flatMap((judge) => judgedBy(judge, name, content)),
    ...(manifest ? declared(name, content) : file.manifest ? disguised(name, content, engines) : []),
    ...(lock ? sourced(name, content) : []),
  ];
}

function judgedBy({ name: kind, tier, is, unless }: Judge, name: string, content: Content | null): Finding[] {
  if (unless !== null && content === null)
    return [builtIn('unreadable', 'T3', name, `${name} is ${is}, and its content cannot be read as text.`)];
  if (unless !== null && content?.[unless] === true) return [];
  return [builtIn(`judge/${kind}`, tier, name, `${name} is ${is}: an agent may not edit its judges.`)];
}

/** A manifest by its name. */
function declared(name: string, content: Content | null): Finding[] {
  if (content === null)
    return [builtIn('unreadable', 'T3', name, `${name} may be a manifest, and its content cannot be read as text.`)];
  const found: Finding[] = [];
  const guarded = content.manifests.find((one) => one.guarded !== null)?.guarded;
  if (guarded != null)
    found.push(builtIn('manifest', 'T3', name, `${name} is ${guarded}: an agent may not edit its judges.`));
  if (content.manifests.some(({ untold }) => untold))
    found.push(
      builtIn(
        'manifest-untold',
        'T3',
        name,
        `${name} holds a manifest whose kind is written so that it cannot be told.`,
      ),
    );
  return found;
}

/** A manifest that is none by its name: nobody who reads the list of files sees it. */
function disguised(name: string, content: Content | null, { readManifests }: Engines): Finding[] {
  if (content === null)
    return [builtIn('unreadable', 'T3', name, `${name} may hold a manifest, and its content cannot be read as text.`)];
  const { before, after } = content.text;
  if (![before, after].some((text) => text !== null && isDisguised(text, readManifests))) return [];
  return [builtIn('manifest-disguised', 'T3', name, `${name} holds a manifest, which its name does not say.`)];
}

/** A lock file that takes packages from where it did not take them before. */
function sourced(name: string, content: Content | null): Finding[] {
  if (content === null)
    return [builtIn('unreadable', 'T3', name, `${name} is a lock file, and its content cannot be read as text.`)];
  const places = newPlaces(name, content.text);
  if (places.length === 0) return [];
  const from = places
    .slice(0, 3)
    .map((place) => (place.length > 120 ? `${place.slice(0, 119)}…` : place))
    .join(', ');
  return [
    builtIn('judge/package-sources', 'T2', name, `${name} takes packages from ${from}, which it did not before.`),
  ];
}
