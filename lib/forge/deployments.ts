import type { Client } from './client.ts';
import type { DeploymentFacts } from './facts.ts';
import { checkRepository, checkSHA } from './names.ts';
import { deploymentOf } from './payload-deployment.ts';
import type { Forge, RepositoryName } from './port.ts';
import { choice, integer, object, objects, requiredMoment, type Untrusted } from './read.ts';

interface Where {
  readonly owner: string;
  readonly repo: string;
}

/** Deployments whose states are read at a time, each by one request, and at most. */
const BATCH = 5;
const WITH_STATE = 20;
const PAGE = 100;
const PAGES = 3;
const STATES = 30;

type Options = NonNullable<Parameters<Forge['deployments']>[2]>;

/** What was deployed, and whether a commit is in another. */
export function deployments(client: Client): Pick<Forge, 'deployments' | 'contains'> {
  return {
    deployments: (repo, environment, options = {}) => newest(client, repo, environment, options),
    contains: (repo, revision, commit) => contains(client, repo, revision, commit),
  };
}

async function newest(
  client: Client,
  repo: RepositoryName,
  environment: string,
  options: Options,
): Promise<DeploymentFacts[]> {
  const where = checkRepository(repo);
  const made = (await madeIn(client, where, environment, options)).slice(0, WITH_STATE);
  const told: DeploymentFacts[] = [];
  for (let at = 0; at < made.length && !told.some((one) => succeeded(one, options.reporter)); at += BATCH) {
    const batch = made.slice(at, at + BATCH);
    told.push(...(await Promise.all(batch.map((one) => reportsOf(client, where, one)))).flat());
  }
  return told;
}

function succeeded({ state, creator }: DeploymentFacts, reporter: string | undefined): boolean {
  return state === 'success' && (reporter === undefined || creator.login.toLowerCase() === reporter.toLowerCase());
}

/** The forge compares names of environments letter by letter: another spelling is taken from the newest deployments. */
async function madeIn(client: Client, where: Where, environment: string, options: Options): Promise<Untrusted[]> {
  const made = await listed(client, { ...where, environment }, options);
  if (made.length > 0) return made;
  const all = await listed(client, where, options, 1);
  const wanted = environment.toLowerCase();
  const spelled = all.find((one) => String(one.environment).toLowerCase() === wanted)?.environment;
  return spelled === undefined ? [] : listed(client, { ...where, environment: String(spelled) }, options);
}

/** Newest first, and no further than `since`: what repositories deploy for each push besides is left out by the forge. */
async function listed(
  client: Client,
  where: Where & { environment?: string },
  { since = new Date(0) }: Options,
  pages = PAGES,
): Promise<Untrusted[]> {
  const found: Untrusted[] = [];
  for (let page = 1; page <= pages; page += 1) {
    const { data } = await client.read((octokit) =>
      octokit.rest.repos.listDeployments({ ...where, per_page: PAGE, page }),
    );
    const some = objects(data, PAGE);
    found.push(...some.filter((one) => Date.parse(requiredMoment(one.created_at, 'deployment time')) >= +since));
    if (some.length < PAGE || found.length < page * PAGE) break;
  }
  return found;
}

/** The newest state that each account told of a deployment; who made it told that it is there. */
async function reportsOf(client: Client, where: Where, deployment: Untrusted): Promise<DeploymentFacts[]> {
  const deployment_id = integer(deployment.id, 'deployment id');
  const { data } = await client.read((octokit) =>
    octokit.rest.repos.listDeploymentStatuses({ ...where, deployment_id, per_page: STATES }),
  );
  const told = [deploymentOf(deployment, null), ...objects(data, STATES).map((one) => deploymentOf(deployment, one))];
  // Newest first at GitHub, which does not promise it.
  const byAccount = told
    .toSorted((a, b) => a.statusId - b.statusId)
    .map((one): [number, DeploymentFacts] => [one.creator.id, one]);
  return [...new Map(byAccount).values()];
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
