import type { Tools } from '../tool.ts';
import { examinations } from './checks.ts';
import type { Stored } from './facts.ts';
import type { Finding } from './finding.ts';
import { readCluster, readStored } from './read.ts';

/**
 * Everything that does not go on by itself, the most far-reaching first. A database that does not answer is a finding too. Throws where the
 * cluster cannot be read.
 */
export async function examine(
  { pool, client, record, namespace }: Pick<Tools, 'pool' | 'client' | 'record' | 'namespace'>,
  now: number,
): Promise<Finding[]> {
  const cluster = await readCluster(client, record, namespace);
  let stored: Stored;
  try {
    stored = await readStored(pool);
  } catch (error) {
    const why = `PostgreSQL cannot be read: ${(error as Error).message}`;
    const help = 'Bring it back; nothing is decided meanwhile, and nothing is lost.';
    return [{ check: 'database', what: 'database', since: null, why, help }];
  }
  return examinations.flatMap((check) => check({ cluster, stored, now }));
}
