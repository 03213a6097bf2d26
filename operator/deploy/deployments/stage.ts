import type { StageFacts } from '#domain';
import type { DeploymentFacts } from '#lib/forge';
import type { Contains } from '../port.ts';

/** Deployments of one environment that are compared with the change, newest first: what is older does not matter any more. */
const COMPARED = 20;

/** What is asked about one environment of a repository. */
export interface Stage {
  /** In any case. */
  readonly environment: string;
  /** Login of whose reports alone count; undefined for everybody's who may report. */
  readonly reporter: string | undefined;
  readonly mergeSHA: string;
}

const ENDED_BADLY = new Set<DeploymentFacts['state']>(['failure', 'error']);

/** How an environment stands, out of what the forge was told of its deployments. Rejects where `contains` does. */
export async function stageOf(all: readonly DeploymentFacts[], stage: Stage, contains: Contains): Promise<StageFacts> {
  const { environment, reporter, mergeSHA } = stage;
  const told = newestOfEach(
    all.filter(
      (one) => same(one.environment, environment) && (reporter === undefined || same(one.creator.login, reporter)),
    ),
  );
  const live = told.find(({ state }) => state === 'success') ?? null;
  const ours = await newestWith(told, contains);
  return {
    environment,
    live: live && {
      revision: live.sha,
      contains: await contains(live.sha),
      url: live.url,
      deployment: `deployment ${live.id}`,
    },
    failed:
      ours !== null && ENDED_BADLY.has(ours.state)
        ? {
            revision: ours.sha,
            deployment: `deployment ${ours.id}`,
            message: ours.description || `its state is ${ours.state}.`,
          }
        : null,
    says:
      ours === null
        ? `No deployment of ${mergeSHA.slice(0, 8)} to ${environment} has been told of yet.`
        : `Deployment ${ours.id} of ${ours.sha.slice(0, 8)} to ${environment} is ${ours.state}.`,
  };
}

/** The deployment begun last that has the change in it. */
async function newestWith(told: readonly DeploymentFacts[], contains: Contains): Promise<DeploymentFacts | null> {
  for (const one of told.toSorted((a, b) => b.id - a.id).slice(0, COMPARED)) if (await contains(one.sha)) return one;
  return null;
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** The newest state of each deployment, newest first, out of what each account told of it. */
function newestOfEach(told: readonly DeploymentFacts[]): DeploymentFacts[] {
  const newest = new Map<number, DeploymentFacts>();
  for (const one of told.toSorted(newestFirst)) if (!newest.has(one.id)) newest.set(one.id, one);
  return [...newest.values()];
}

function newestFirst(a: DeploymentFacts, b: DeploymentFacts): number {
  return Date.parse(b.updatedAt) - Date.parse(a.updatedAt) || b.statusId - a.statusId;
}
