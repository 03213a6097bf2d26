import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Agent, annotations, resources } from '#crds';
import { readLedger } from '#lib/conductor';
import type { KubeClient, ObjectRef, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openTenant, type Tenant, type TenantOptions } from '../cluster.ts';
import { withCommonOptions } from '../options.ts';
import { explainConductor, readerOf } from '../readers.ts';
import { whoAmI } from '../who.ts';

const AGENTS: Resource<Agent> = resources.Agent;
const LOOK_MS = 250;
const WITHIN_MS = 30_000;
const NOTE_MAX = 1_024;

interface ActOptions extends TenantOptions {
  readonly note?: string;
  readonly model?: string;
  readonly agent?: string;
}

/** What is said, as it stands on the Agent until the conductor has recorded it. */
type Words =
  | { readonly do: 'ack'; readonly model: string }
  | { readonly do: 'grant'; readonly model: string; readonly taskClass: string; readonly tier: string }
  | { readonly do: 'fault' | 'clear'; readonly issue: string };

/** The commands with which a person speaks: `ack`, `grant`, `fault`, `clear`. */
export function addTrustActs(trust: Command): void {
  withActOptions(trust.command('ack'))
    .description('acknowledge a model that is new to an Agent: what it earns counts from now on')
    .argument('<agent>', 'name of the Agent')
    .argument('<model>', 'id of the model, as rig trust show names it')
    .action((agent: string, model: string, options: ActOptions) =>
      act(options, async () => [agent, { do: 'ack', model }]),
    );
  withActOptions(trust.command('grant'))
    .description('set where an Agent starts in a class of work, for one that has a record elsewhere')
    .argument('<agent>', 'name of the Agent')
    .argument('<class>', 'class of work')
    .argument('<tier>', 'T1 or T2')
    .option('--model <id>', 'the model that it holds for (default: the Agent’s own)')
    .action((agent: string, taskClass: string, tier: string, options: ActOptions) =>
      act(options, async ({ client, namespace }) => {
        const model =
          options.model ?? (await client.get(AGENTS, { namespace, name: agent })).spec.models.default?.model;
        if (model === undefined)
          throw new ExitError(ExitCode.Usage, `Agent ${agent} names no model: say which with --model.`);
        return [agent, { do: 'grant', model, taskClass, tier }];
      }),
    );
  for (const [word, says] of [
    ['fault', 'say that the change of an issue had to be taken back'],
    ['clear', 'say that the change of an issue did not have to be taken back, where that is asked or a person said so'],
  ] as const)
    withActOptions(trust.command(word))
      .description(says)
      .argument('<issue>', 'name of the Issue')
      .option(
        '--agent <name>',
        'the Agent that made the change (default: looked up in the ledger of this machine’s rig)',
      )
      .action((issue: string, options: ActOptions) =>
        act(options, async (tenant) => [options.agent ?? (await authorOf(tenant, issue)), { do: word, issue }]),
      );
}

function withActOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('--note <text>', 'why, for those who read the log')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig');
}

async function act(options: ActOptions, words: (tenant: Tenant) => Promise<[string, Words]>): Promise<void> {
  const { note } = options;
  if (note !== undefined && note.length > NOTE_MAX)
    throw new ExitError(ExitCode.Usage, `The note has ${note.length} characters; make it at most ${NOTE_MAX}.`);
  const tenant = openTenant(options);
  try {
    const [name, said] = await words(tenant);
    const answer = await say(tenant.client, { namespace: tenant.namespace, name }, said, { note });
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

/** What a person said, and that it is in the log. */
export interface Recorded {
  readonly act: string;
  readonly by: string;
  readonly message: string;
}

/**
 * Says it on the Agent under the name of whoever asks, and waits until the conductor has recorded it. Throws ExitError NotDone where the conductor refuses it,
 * with its reason, or does not take it up.
 */
export async function say(
  client: KubeClient,
  agent: ObjectRef,
  words: Words,
  { note, withinMs = WITHIN_MS }: { note?: string | undefined; withinMs?: number } = {},
): Promise<Recorded> {
  const id = randomUUID();
  const by = await whoAmI(client);
  const text = JSON.stringify({ id, ...words, ...(note === undefined ? {} : { note }) });
  await client.patch(AGENTS, agent, {
    metadata: { annotations: { [annotations.trust]: text, [annotations.trustBy]: by } },
  });
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(LOOK_MS)) {
    const { status, metadata } = await client.get(AGENTS, agent);
    const answer = status?.trust;
    if (answer?.act === id) {
      if (!answer.taken) throw new ExitError(ExitCode.NotDone, answer.message);
      return { act: id, by, message: answer.message };
    }
    if (metadata.annotations?.[annotations.trust] !== text)
      throw new ExitError(
        ExitCode.NotDone,
        `Somebody said something else of ${agent.name} at the same moment: say it again.`,
      );
  }
  throw new ExitError(
    ExitCode.NotDone,
    `It stands on the Agent ${agent.name}, and no conductor has recorded it yet: rig status says whether one runs.`,
  );
}
