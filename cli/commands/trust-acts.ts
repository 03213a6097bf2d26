import type { Command } from 'commander';
import { readLedger } from '#lib/conductor';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openTenant, type Tenant } from '../cluster.ts';
import { explainConductor, readerOf } from '../readers.ts';
import { addTrustGrant } from './trust-grant.ts';
import { type ActOptions, say, type Words, withActOptions } from './trust-say.ts';

interface ChangeOptions extends ActOptions {
  readonly agent?: string;
  readonly change?: string;
}

/** The commands with which a person speaks: `ack`, `grant`, `fault`, `clear`. */
export function addTrustActs(trust: Command): void {
  withActOptions(trust.command('ack'))
    .description(
      'acknowledge a model that is new to an Agent: with its next success it may rise above T0, by all that it earned',
    )
    .argument('<agent>', 'name of the Agent')
    .argument('<model>', 'id of the model, as rig trust show names it')
    .action((agent: string, model: string, options: ActOptions) =>
      act(options, async () => [agent, { do: 'ack', model }]),
    );
  addTrustGrant(trust);
  for (const [word, says] of [
    ['fault', 'say that the change of an issue had to be taken back'],
    ['clear', 'say that the change of an issue did not have to be taken back, where that is asked or a person said so'],
  ] as const)
    withActOptions(trust.command(word))
      .description(says)
      .argument('<issue>', 'name of the Issue')
      .option(
        '--change <commit>',
        'the commit that it was merged as, or its beginning (default: the change that is asked about, else the last)',
      )
      .option(
        '--agent <name>',
        'the Agent that made the change (default: looked up in the ledger of this machine’s rig)',
      )
      .action((issue: string, { change, ...options }: ChangeOptions) =>
        act(options, async (tenant) => [
          options.agent ?? (await authorOf(tenant, issue)),
          { do: word, issue, ...(change === undefined ? {} : { change }) },
        ]),
      );
}

async function act(options: ActOptions, words: (tenant: Tenant) => Promise<[string, Words]>): Promise<void> {
  const tenant = openTenant(options);
  try {
    const [name, said] = await words(tenant);
    const answer = await say(tenant.client, { namespace: tenant.namespace, name }, said, options);
    createTerminal(options).result(answer, `${plain(answer.by)} on ${plain(name)}: ${plain(answer.message)}`);
  } finally {
    await tenant.client.close();
  }
}

/** The Agent whose change the ledger has of an issue. Throws ExitError where that is for the person to name. */
export async function authorOf({ rig, namespace }: Tenant, issue: string): Promise<string> {
  if (rig === null) throw new ExitError(ExitCode.Usage, 'Name the Agent beside --context: --agent.');
  const { lines } = await readLedger(readerOf(rig.layout, namespace), { explain: true }).catch(explainConductor);
  const line = lines.find(({ changes = [] }) => changes.some((change) => change.issue === issue));
  if (line === undefined)
    throw new ExitError(
      ExitCode.NotDone,
      `The ledger has no merged change of ${issue}: rig trust explain lists what it has.`,
    );
  return line.agent;
}
