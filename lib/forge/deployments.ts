import type { Client } from './client.ts';
import type { DeploymentFacts } from './facts.ts';
import { checkRepository, checkSHA } from './names.ts';
import { deploymentOf } from './payload-deployment.ts';
import type { Forge, RepositoryName } from './port.ts';
import { choice, integer, object, objects, type Untrusted } from './read.ts';

/** Newest deployments of which the newest state is read as well: each costs one request. */
const WITH_STATE = 5;
const LISTED = 30;

/** What was deployed, and whether a commit is in another. */
export function deployments(client: Client): Pick<Forge, 'deployments' | 'contains'> {
  return {
    deployments: (repo, environment) => newest(client, repo, environment),
    contains: (repo, revision, commit) => contains(client, repo, revision, commit),
  };
}

async function newest(client: Client, repo: RepositoryName, environment: string): Promise<DeploymentFacts[]> {
  const where = checkRepository(repo);
  const wanted = environment.toLowerCase();
  const listed = await client.read(async (octokit) => {
    const { data } = await octokit.rest.repos.listDeployments({ ...where, per_page: LISTED });
    return objects(data, LISTED);
  });
  const ours = listed.filter((one) => String(one.environment).toLowerCase() === wanted).slice(0, WITH_STATE);
  return Promise.all(ours.map(async (one) => deploymentOf(one, await newestStatus(client, where, one))));
}

function newestStatus(
  client: Client,
  where: { owner: string; repo: string },
  deployment: Untrusted,
): Promise<Untrusted | null> {
  const deployment_id = integer(deployment.id, 'deployment id');
  return client.read(async (octokit) => {
    const { data } = await octokit.rest.repos.listDeploymentStatuses({ ...where, deployment_id, per_page: LISTED });
    // Newest first at GitHub, which does not promise it.
    return objects(data, LISTED).toSorted((a, b) => integer(b.id, 'status id') - integer(a.id, 'status id'))[0] ?? null;
  });
}

async function contains(client: Client, repo: RepositoryName, revision: string, commit: string): Promise<boolean> {
  if (checkSHA(revision) === checkSHA(commit)) return true;
  return client.read(async (octokit) => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      ...checkRepository(repo),
      basehead: `${commit}...${revision}`,
      per_page: 1,
    });
    const status = choice(
      object(data, 'comparison').status,
      ['identical', 'ahead', 'behind', 'diverged'],
      'comparison',
    );
    return status === 'identical' || status === 'ahead';
  });
}
