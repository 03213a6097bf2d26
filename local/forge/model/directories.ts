import type { Context } from '../context.ts';
import type { RepositoryRow } from '../store/index.ts';

type Placed = Pick<RepositoryRow, 'ownerKey' | 'nameKey' | 'dir'>;

/** Where a repository's objects are, under `repositories/`: where it was made, whatever it is called now. */
export const directoryOf = ({ dir, ownerKey, nameKey }: Placed): string => dir ?? `${ownerKey}/${nameKey}.git`;

/** A directory for a new repository: by its name, with a number if one that was renamed or deleted still has that. */
export function freeDirectory(ctx: Context, ownerKey: string, nameKey: string): string {
  const taken = new Set(ctx.store.repositories.find().map(directoryOf));
  let dir = `${ownerKey}/${nameKey}.git`;
  // No name of a repository has a plus sign.
  for (let number = 2; taken.has(dir); number++) dir = `${ownerKey}/${nameKey}+${number}.git`;
  return dir;
}
