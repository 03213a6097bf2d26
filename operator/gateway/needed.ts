import type { Pool } from '#lib/db';
import type { CopyOf, Needed } from '#lib/git';
import type { Conductor } from '../issues/context.ts';
import { repositoryKey } from '../issues/world.ts';

/** Of which repositories there are copies, and how far their base branches were looked through. */
export interface NeededFrom {
  readonly repositories: Pick<Conductor['objects']['repositories'], 'list' | 'hasSynced'>;
  readonly pool: Pool;
}

/**
 * What the conductor needs of its copy of a repository whether or not anybody asks for it: the base branch, and the commit up to which the ledger has looked
 * through it, which that branch may not have any more. Null where no Repository names it. Throws where either cannot be read.
 */
export async function neededOf({ repositories, pool }: NeededFrom, { host, id }: CopyOf): Promise<Needed | null> {
  if (!repositories.hasSynced()) throw new Error('the Repositories are not known yet');
  const its = repositories.list().filter((one) => {
    const key = repositoryKey(one);
    return key?.host === host && key.id === id;
  });
  if (its.length === 0) return null;
  const { rows } = await pool.query('SELECT tip FROM ledger_bases WHERE host = $1 AND repo_id = $2', [host, id]);
  return {
    refs: its.map(({ spec }) => `refs/heads/${spec.defaultBranch}`),
    commits: rows.map(({ tip }) => tip),
  };
}
