import type { CopyOf, Needed } from '#lib/git';
import type { Objects } from '../objects.ts';
import { keptAs } from './copies.ts';

/** Of which repositories there are copies. */
export interface NeededFrom {
  readonly repositories: Pick<Objects['repositories'], 'list' | 'hasSynced'>;
  /** The number of what a Repository was seen to stand for; undefined where nobody has looked. */
  readonly seenAs: (key: string) => number | undefined;
}

/**
 * What is needed of a copy whether or not anybody asks for it: the base branches of the Repositories that stand for it, as the verifier has seen or as the
 * conductor says. Null where none does. Throws where they are not known.
 */
export function neededOf({ repositories, seenAs }: NeededFrom, { host, id }: CopyOf): Needed | null {
  if (!repositories.hasSynced()) throw new Error('the Repositories are not known yet');
  const its = repositories.list().filter(({ metadata, spec, status }) => {
    const ids = [seenAs(`${metadata.namespace}/${metadata.name}`), status?.forge?.repositoryID];
    return new URL(spec.apiURL).host === host && ids.includes(id);
  });
  if (its.length === 0) return null;
  return { refs: its.map(({ spec }) => keptAs(`refs/heads/${spec.defaultBranch}`)), commits: [] };
}
