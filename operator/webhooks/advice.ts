import { type Agent, annotations, type Issue, labels, type Repository } from '#crds';
import type { KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';

/** What advice looks at beside the object: caches, and a Secret by its name. */
export interface Surroundings {
  repositories(): readonly Repository[];
  issue(namespace: string, name: string): Issue | undefined;
  secret(namespace: string, name: string): Promise<KubeObject | undefined>;
}

type Advice = Promise<readonly string[]>;

/**
 * What a person should know about an object that CEL cannot see: it names something that is not there, or somebody else's. Never a
 * reason to refuse: objects may be applied in any order.
 */
export async function adviceOn(kind: string, object: KubeObject, around: Surroundings): Advice {
  switch (kind) {
    case 'Issue':
      return onIssue(object as unknown as Issue, around);
    case 'Repository':
      return onRepository(object as unknown as Repository, around);
    case 'Agent':
      return onAgent(object as unknown as Agent, around);
    default:
      return [];
  }
}

async function onIssue({ metadata, spec }: Issue, around: Surroundings): Advice {
  const namespace = metadata.namespace ?? '';
  const said: string[] = [];
  const { name } = spec.repositoryRef;
  const known = around.repositories().some((one) => one.metadata.namespace === namespace && one.metadata.name === name);
  if (!known)
    said.push(`spec.repositoryRef: there is no Repository ${name} in ${namespace}; the Issue waits until there is.`);
  for (const other of spec.dependsOn ?? []) {
    if (around.issue(namespace, other.name) === undefined)
      said.push(`spec.dependsOn: there is no Issue ${other.name} in ${namespace}; this one waits for it.`);
  }
  return said;
}

async function onRepository(repository: Repository, around: Surroundings): Advice {
  const { metadata, spec } = repository;
  const namespace = metadata.namespace ?? '';
  const host = forgeHost(repository);
  const fullName = `${spec.owner}/${spec.name}`.toLowerCase();
  const twin = around
    .repositories()
    .find(
      (other) =>
        (other.metadata.namespace !== namespace || other.metadata.name !== metadata.name) &&
        forgeHost(other) === host &&
        `${other.spec.owner}/${other.spec.name}`.toLowerCase() === fullName,
    );
  const said =
    twin === undefined
      ? []
      : [
          `${spec.owner}/${spec.name} is followed by Repository ${twin.metadata.namespace}/${twin.metadata.name} already; the older of the two owns it, the other stalls.`,
        ];
  const named = { credentialsSecretRef: spec.credentialsSecretRef, webhookSecretRef: spec.webhookSecretRef };
  for (const [field, reference] of Object.entries(named))
    said.push(...(await onSecret(`spec.${field}`, namespace, reference?.name, host, around)));
  if (spec.requiredChecks?.kind === 'none')
    said.push('spec.requiredChecks: none are required, so nothing but a review is between an agent and the branch.');
  if (spec.enforcement?.kind === 'none')
    said.push(
      'spec.enforcement: the forge holds merges to nothing, so only the gate of the conductor is before the branch.',
    );
  if (spec.deploy?.settings?.reporter?.toLowerCase() === ACTIONS)
    said.push(
      `spec.deploy.settings.reporter: ${ACTIONS} is the account of every workflow, those of branches too, so whoever may push can say what is live.`,
    );
  return said;
}

async function onAgent({ metadata, spec }: Agent, around: Surroundings): Advice {
  const namespace = metadata.namespace ?? '';
  const said: string[] = [];
  if (spec.models?.default === undefined)
    said.push('spec.models: there is none for the use default, so the Agent takes no work.');
  said.push(
    ...(await onSecret(
      'spec.forgeCredentialsSecretRef',
      namespace,
      spec.forgeCredentialsSecretRef?.name,
      undefined,
      around,
    )),
  );
  const tolerates = (spec.tolerations ?? []).some(
    ({ key, operator }) => key === HOST_PROCESS || (key === undefined && operator === 'Exists'),
  );
  if (spec.allowUnisolated && !tolerates)
    said.push(
      `spec.allowUnisolated means nothing without a toleration of ${HOST_PROCESS}: only such nodes may lack walls.`,
    );
  if (!/(:[^/]+|@sha256:[0-9a-f]{64})$/.test(spec.image ?? '') || /:latest$/.test(spec.image ?? ''))
    said.push(
      `spec.image: ${spec.image} names no version, so two tasks may run different programs; add a tag or a digest.`,
    );
  return said;
}

const ACTIONS = 'github-actions[bot]';
const HOST_PROCESS = 'rig.dashecorp.com/host-process';

/** `host` undefined: whichever the Secret says. */
async function onSecret(
  field: string,
  namespace: string,
  name: string | undefined,
  host: string | undefined,
  around: Surroundings,
): Advice {
  if (name === undefined) return [];
  const secret = await around.secret(namespace, name);
  if (secret === undefined) return [`${field}: there is no Secret ${name} in ${namespace} yet.`];
  if (secret.metadata.labels?.[labels.forge] === undefined)
    return [`${field}: Secret ${name} lacks the label ${labels.forge}, so the conductor does not read it.`];
  const allowed = secret.metadata.annotations?.[annotations.forgeHost];
  if (allowed === undefined || (host !== undefined && allowed !== host))
    return [
      `${field}: Secret ${name} may be sent to ${allowed ?? 'no host'}${host === undefined ? '' : `, not to ${host}`}; see its annotation ${annotations.forgeHost}.`,
    ];
  return [];
}
