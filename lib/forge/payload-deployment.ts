import type { DeploymentFacts } from './facts.ts';
import { common } from './payload.ts';
import {
  choice,
  commitSHA,
  integer,
  line,
  lineOrNull,
  moment,
  object,
  objectOrNull,
  prose,
  requiredMoment,
  type Untrusted,
} from './read.ts';
import { actorOf } from './rest.ts';
import type { DeploymentUpdate } from './updates.ts';

const STATES = ['queued', 'pending', 'waiting', 'in_progress', 'success', 'failure', 'error', 'inactive'] as const;

/** deployment, deployment_status: any deployer that speaks to the forge tells by these. */
export function deploymentUpdate(event: string, payload: Untrusted): DeploymentUpdate {
  const status = event === 'deployment_status' ? object(payload.deployment_status, 'deployment status') : null;
  const facts = deploymentOf(object(payload.deployment, 'deployment'), status);
  return { ...common(event, payload), kind: 'deployment', sha: facts.sha, updatedAt: facts.updatedAt, facts };
}

/** A deployment with the newest of its statuses; null where it has none. */
export function deploymentOf(deployment: Untrusted, status: Untrusted | null): DeploymentFacts {
  const production = deployment.production_environment;
  return {
    id: integer(deployment.id, 'deployment id'),
    sha: commitSHA(deployment.sha, "deployment's commit"),
    ref: lineOrNull(deployment.ref),
    environment: line(status?.environment || deployment.environment, 'environment'),
    production: typeof production === 'boolean' ? production : null,
    state: status === null ? 'created' : choice(status.state, STATES, 'deployment state'),
    // `target_url` is the older name of the log's address, and no place where anything is live.
    url: webAddress(status?.environment_url),
    logUrl: webAddress(status?.log_url) ?? webAddress(status?.target_url),
    description: prose(status?.description ?? deployment.description, 1024),
    creator: actorOf(status === null ? deployment.creator : (objectOrNull(status.creator) ?? deployment.creator)),
    statusId: status === null ? 0 : integer(status.id, 'deployment status id'),
    updatedAt:
      moment(status?.updated_at) ??
      moment(status?.created_at) ??
      requiredMoment(deployment.created_at, 'deployment time'),
  };
}

/** An address that may be opened: whoever deploys writes it down, so nothing but http and https, and no credential. */
function webAddress(value: unknown): string | null {
  const text = lineOrNull(value, 2048);
  const url = text === null ? null : URL.parse(text);
  const web = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  return web && url.username === '' && url.password === '' ? url.href : null;
}
