import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Issue, type Repository, resources } from '#crds';
import type { KubeObject, Resource } from '#lib/kube';
import { createTerminal } from '#lib/terminal';
import { openCluster } from '../cluster.ts';
import { PersonAtForge } from '../demo/forge.ts';
import { Stage } from '../demo/stage.ts';
import { type Person, showT3 } from '../demo/t3.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';
import { readerOf } from '../readers.ts';
import { approveIssue } from './approve.ts';
import { askPreparation } from './prepare.ts';

const REPOSITORIES = resources.Repository as Resource<Repository & KubeObject>;

interface DemoOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function addDemo(program: Command): void {
  const demo = program.command('demo').description('what a rig on this machine does, shown step by step');
  withCommonOptions(demo.command('t3'))
    .description('work that cannot be undone: refused three times, then merged because you signed it')
    .option('--yes', 'do not wait for Enter: do your part too, signed with this machine’s sign-in code')
    .action(t3);
}

async function t3(options: DemoOptions): Promise<void> {
  const layout = layoutOfOptions(options);
  const { client, state } = openCluster(layout);
  const { namespace, repository } = state.tenant;
  const terminal = createTerminal(options);
  const rig = { layout, state };
  const person: Person = {
    prepare: (ref) => askPreparation(client, ref),
    approve: (ref) =>
      approveIssue(
        { client, namespace, rig },
        ref,
        { ...options, scope: 'merge', signIn: 'local', yes: true },
        terminal,
      ),
    atForge: async (issue: Issue) => {
      const { spec } = await client.get(REPOSITORIES, { namespace, name: repository });
      const token = readFileSync(join(layout.secrets, 'forge-token-you'), 'utf8').trim();
      const { number } = issue.status!.pullRequest!;
      return new PersonAtForge({ url: state.urls.forge!, token, repository: `${spec.owner}/${spec.name}`, number });
    },
  };
  try {
    const reader = readerOf(layout, namespace);
    const stage = new Stage({ client, reader, terminal, yes: options.yes === true });
    const shown = await showT3(stage, client, { namespace, repository }, person);
    terminal.result(shown, `\nThat was it: rig events ${shown.issue}`);
  } finally {
    await client.close();
  }
}
