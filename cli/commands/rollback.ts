import type { Command } from 'commander';
import { type Agent, apiVersion, childName, type Issue, resources, type Tier } from '#crds';
import { isHigher } from '#domain';
import { cutText, isKubeError, type KubeClient, type ObjectRef, type Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { checkNote } from '../note.ts';
import { withCommonOptions } from '../options.ts';
import { authorOf } from './trust-acts.ts';
import { say } from './trust-say.ts';

const ISSUES: Resource<Issue> = resources.Issue;
const AGENTS: Resource<Agent> = resources.Agent;

const TITLE_MAX = 256;

interface RollbackOptions extends TenantOptions {
  readonly agent?: string;
  readonly note?: string;
}

export function addRollback(program: Command): void {
  withCommonOptions(program.command('rollback'))
    .description(
      'take the merged change of an issue back: by an issue that asks for its inverse, and as a fault in the ledger',
    )
    .argument('<issue>', 'name of the Issue')
    .option('--note <text>', 'why, for those who read the log')
    .option('--agent <name>', 'the Agent that made the change (default: looked up in the ledger of this machine’s rig)')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .action(rollback);
}

async function rollback(name: string, options: RollbackOptions): Promise<void> {
  checkNote(options.note);
  const tenant = openTenant(options);
  try {
    const { agent, name: issue, mergeSHA, already } = await takeBack(tenant, name, options);
    const how = already ? 'was asked for before' : 'is asked for';
    createTerminal(options).result(
      { issue, mergeSHA, agent, already },
      `The inverse of ${mergeSHA.slice(0, 8)} ${how} as ${plain(issue)}; ${plain(agent)} is trusted with less. Watch it: rig events ${plain(issue)} --follow`,
    );
  } finally {
    await tenant.client.close();
  }
}

/** Asks for the inverse, then says on the Agent that made the change that it had to be taken back. Throws ExitError before it asks for anything where who made it is not known. */
export async function takeBack(
  tenant: Tenant,
  name: string,
  { agent: named, note }: Pick<RollbackOptions, 'agent' | 'note'>,
): Promise<Inverse & { readonly agent: string }> {
  const { client, namespace } = tenant;
  if (named !== undefined && (await client.find(AGENTS, { namespace, name: named })) === undefined)
    throw new ExitError(ExitCode.Usage, `--agent names ${named}, and there is no such Agent in ${namespace}.`);
  const agent = named ?? (await authorOf(tenant, name));
  const asked = await askInverse(client, { namespace, name }, note);
  const why = note ?? `Taken back by ${asked.name}.`;
  await say(client, { namespace, name: agent }, { do: 'fault', issue: name, change: asked.mergeSHA }, { note: why });
  return { ...asked, agent };
}

/** The Issue that asks for the inverse of another's change. */
export interface Inverse {
  readonly name: string;
  readonly mergeSHA: string;
  /** It had been asked for before. */
  readonly already: boolean;
}

/** What nothing could class. */
const UNCLASSIFIED = 'unclassified';

/**
 * Asks for the inverse of what an Issue got merged, as urgent work like any other: planned, reviewed, gated, and graded by the labels, the class and the
 * files of what it takes back, never below its floor. Once for each merged change. Throws ExitError NotDone where
 * nothing was merged, KubeError for an Issue that is not there.
 */
export async function askInverse(client: KubeClient, ref: ObjectRef, why?: string): Promise<Inverse> {
  const { spec, status } = await client.get(ISSUES, ref);
  const { mergeSHA, number } = status?.pullRequest ?? {};
  if (mergeSHA === undefined)
    throw new ExitError(ExitCode.NotDone, `Nothing of Issue ${ref.name} was merged, so there is nothing to take back.`);
  const short = mergeSHA.slice(0, 8);
  const name = childName([ref.name, 'rollback', short]);
  const reason = why === undefined ? '' : `\n\n${why}`;
  const { labels = [], taskSpec } = spec;
  const taskClass = status?.taskClass ?? spec.taskClass ?? UNCLASSIFIED;
  const tier = floorOf(spec.tier, status?.issueTier);
  const issue = {
    apiVersion,
    kind: 'Issue',
    metadata: { name, namespace: ref.namespace },
    spec: {
      repositoryRef: spec.repositoryRef,
      title: cutText(`Take back ${short}: ${spec.title}`, TITLE_MAX),
      body: `Commit ${mergeSHA} (pull request #${number}) has to be taken back.${reason}`,
      source: 'kubectl',
      priority: 'critical',
      labels,
      ...(tier === undefined ? {} : { tier }),
      ...(taskClass === UNCLASSIFIED ? {} : { taskClass }),
      taskSpec: {
        goal: `What commit ${mergeSHA} changed is as it was before it: git revert --no-edit ${mergeSHA}, and for a merge commit -m 1. Nothing else changes.`,
        acceptance: [`The diff is the inverse of the diff of ${mergeSHA}, as far as later changes allow.`],
        ...(taskSpec?.files === undefined ? {} : { files: taskSpec.files }),
      },
    },
  };
  try {
    await client.create(ISSUES, issue as unknown as Issue);
    return { name, mergeSHA, already: false };
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
    return { name, mergeSHA, already: true };
  }
}

/** The higher of what a person asks for and what the conductor gave, which has every floor of its time in it. */
function floorOf(wished: Tier | undefined, given: Tier | undefined): Tier | undefined {
  if (wished === undefined || given === undefined) return wished ?? given;
  return isHigher(wished, given) ? wished : given;
}
