import type { Repository } from '#crds';
import { ForgeError, type RepositoryFacts } from '#lib/forge';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';

/**
 * Lists a repository's issues and pull requests that changed since the last listing, so that a lost delivery only delays. Costs two
 * requests where nothing changed. Answers one sentence where it could not, which is no reason to stop following.
 */
export async function resync(
  conductor: Conductor,
  repository: Repository,
  facts: RepositoryFacts,
): Promise<string | null> {
  const { mirror, log } = conductor;
  const key = { host: forgeHost(repository), id: facts.id };
  const repo = { owner: facts.owner, name: facts.name };
  const mark = await readMark(conductor, key);
  const startedAt = new Date(conductor.now());
  try {
    const { forge } = await conductor.forges.forRepository(repository);
    const since = mark.listedAt === null ? {} : { since: new Date(mark.listedAt.getTime() - 120_000).toISOString() };
    const issues = await forge.listIssues(repo, {
      ...since,
      ...(mark.issuesEtag === null ? {} : { etag: mark.issuesEtag }),
    });
    if (!issues.notModified) for (const issue of issues.items) await mirror.putIssue(log.pool, key, issue);
    const pulls = await forge.listPullRequests(repo, {
      ...since,
      ...(mark.pullsEtag === null ? {} : { etag: mark.pullsEtag }),
    });
    if (!pulls.notModified) for (const pull of pulls.items) await mirror.putPull(log.pool, key, pull);
    await log.pool.query(
      'UPDATE forge_repositories SET listed_at = $3, issues_etag = $4, pulls_etag = $5 WHERE host = $1 AND id = $2',
      [
        key.host,
        key.id,
        startedAt,
        issues.notModified ? mark.issuesEtag : issues.etag,
        pulls.notModified ? mark.pullsEtag : pulls.etag,
      ],
    );
    return null;
  } catch (error) {
    if (error instanceof ForgeError) return `The last listing failed: ${error.message}`;
    throw error;
  }
}

async function readMark(
  conductor: Conductor,
  key: { host: string; id: number },
): Promise<{ listedAt: Date | null; issuesEtag: string | null; pullsEtag: string | null }> {
  const { rows } = await conductor.log.pool.query(
    'SELECT listed_at, issues_etag, pulls_etag FROM forge_repositories WHERE host = $1 AND id = $2',
    [key.host, key.id],
  );
  return {
    listedAt: rows[0]?.listed_at ?? null,
    issuesEtag: rows[0]?.issues_etag ?? null,
    pullsEtag: rows[0]?.pulls_etag ?? null,
  };
}
