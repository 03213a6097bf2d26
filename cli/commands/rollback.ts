import type { Command } from 'commander';
import { apiVersion, childName, type Issue, resources } from '#crds';
import { cutText, isKubeError, type KubeClient, type ObjectRef, type Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openTenant, type TenantOptions } from '../cluster.ts';
import { withCommonOptions } from '../options.ts';
import { authorOf } from './trust-acts.ts';
import { say } from './trust-say.ts';

const ISSUES: Resource<Issue> = resources.Issue;

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
  const tenant = openTenant(options);
  const { client, namespace } = tenant;
  try {
    const agent = options.agent ?? (await authorOf(tenant, name));
    const asked = await askInverse(client, { namespace, name }, options.note);
    const note = options.note ?? `Taken back by ${asked.name}.`;
    await say(client, { namespace, name: agent }, { do: 'fault', issue: name, change: asked.mergeSHA }, { note });
    const how = asked.already ? 'was asked for before' : 'is asked for';
    createTerminal(options).result(
      { issue: asked.name, mergeSHA: asked.mergeSHA, agent, already: asked.already },
      `The inverse of ${asked.mergeSHA.slice(0, 8)} ${how} as ${plain(asked.name)}; ${plain(agent)} is trusted with less. Watch it: rig events ${plain(asked.name)} --follow`,
    );
  } finally {
    await client.close();
  }
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
 * files of what it takes back. Once for each merged change. Throws ExitError NotDone where
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
