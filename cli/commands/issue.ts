import { type Command, Option } from 'commander';
import { apiVersion, type Issue, resources } from '#crds';
import type { Resource } from '#lib/kube';
import { createTerminal } from '#lib/terminal';
import { openCluster } from '../cluster.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

interface CreateOptions extends CommonOptions {
  readonly title: string;
  readonly body: string;
  readonly repository?: string;
  readonly namespace?: string;
  readonly priority?: string;
}

const ISSUES: Resource<Issue> = resources.Issue;

export function addIssue(program: Command): void {
  const issue = program.command('issue').description('work with Issues');
  withCommonOptions(issue.command('create'))
    .description('ask for a piece of work: creates an Issue, which the conductor files on the forge and has worked')
    .requiredOption('--title <text>', 'what is wanted, in one line')
    .option('--body <text>', 'what is wanted, in full (Markdown)', '')
    .option('--repository <name>', 'the Repository it is for (default: the rig’s own)')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .addOption(new Option('--priority <level>').choices(['critical', 'high', 'normal', 'low']))
    .action(create);
}

async function create(options: CreateOptions): Promise<void> {
  const terminal = createTerminal(options);
  const { client, state } = openCluster(layoutOfOptions(options));
  const { title, body, priority } = options;
  const repository = options.repository ?? state.tenant.repository;
  const namespace = options.namespace ?? state.tenant.namespace;
  try {
    const created = await client.create(ISSUES, {
      apiVersion,
      kind: 'Issue',
      metadata: { generateName: `${repository}-`, namespace },
      spec: { repositoryRef: { name: repository }, title, body, source: 'kubectl', ...(priority ? { priority } : {}) },
    } as Issue);
    const { name } = created.metadata;
    terminal.result(
      { issue: { namespace, name } },
      `issue ${name} created in ${namespace}; watch it: rig events ${name} --follow`,
    );
  } finally {
    await client.close();
  }
}
