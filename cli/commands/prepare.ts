import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { annotations, type Issue, type Reason, resources } from '#crds';
import type { KubeClient, KubeObject, ObjectRef, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { ask } from '../asking.ts';
import { openTenant, type TenantOptions } from '../cluster.ts';
import { checkNote } from '../note.ts';
import { withCommonOptions } from '../options.ts';
import { whoAmI } from '../who.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const WITHIN_MS = 30_000;

interface PrepareOptions extends TenantOptions {
  readonly note?: string;
}

export function addPrepare(program: Command): void {
  withCommonOptions(program.command('prepare'))
    .description('have an agent prepare a draft of work that is graded T3, which you go on driving')
    .argument('<issue>', 'name of the Issue')
    .option('--note <text>', 'why, for those who read the log')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .action(prepare);
}

async function prepare(name: string, options: PrepareOptions): Promise<void> {
  const { note } = options;
  checkNote(note);
  const { client, namespace } = openTenant(options);
  try {
    const asked = await askPreparation(client, { namespace, name }, note);
    createTerminal(options).result(
      asked,
      `${plain(asked.by)} asked for a preparation of ${plain(name)}. Watch it: rig events ${plain(name)} --follow`,
    );
  } finally {
    await client.close();
  }
}

/** A preparation that was asked for, and that it is in the log. */
export interface AskedFor {
  readonly act: string;
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * Asks on the Issue, under the name of whoever asks, and waits until the conductor has recorded it. Throws ExitError NotDone where the work is not graded
 * T3, does not wait for the person who drives it, is prepared already, or the conductor does not take it up, and KubeError: then nothing of the asking is left that
 * could begin later. Where even that fails, ExitError Environment says so.
 */
export async function askPreparation(
  client: KubeClient,
  ref: ObjectRef,
  note?: string,
  withinMs = WITHIN_MS,
): Promise<AskedFor> {
  const why = whyNot(await client.get(ISSUES, ref));
  if (why !== null) throw new ExitError(ExitCode.NotDone, why);
  const act = randomUUID();
  const by = await whoAmI(client);
  const said = { [annotations.prepare]: act, [annotations.prepareBy]: by, [annotations.prepareNote]: note ?? null };
  return ask(
    client,
    {
      resource: ISSUES,
      ref,
      said,
      answered: (now) => recordedOf(now, act),
      useless: whyNot,
      overtaken: `Somebody asked for a preparation of ${ref.name} at the same moment.`,
      hint: `, rig why ${ref.name} what the issue waits for`,
      later: 'begin',
    },
    withinMs,
  );
}

function recordedOf({ status }: Issue, act: string): AskedFor | undefined {
  const { preparation } = status ?? {};
  return preparation?.act === act ? { act, by: preparation.by, at: preparation.at } : undefined;
}

/** What the person who drives T3 work is asked with. */
const DRIVEN: Reason = 'IrreversibleTier';

/** Why nothing can be prepared for an Issue, as its status tells; null where it can. */
export function whyNot({ metadata, status }: Pick<Issue, 'metadata' | 'status'>): string | null {
  const { phase = 'Pending', effectiveTier, assignedTo, escalation } = status ?? {};
  const name = metadata.name!;
  if (effectiveTier !== 'T3')
    return `Issue ${name} is ${effectiveTier ?? 'not graded yet'}, not T3: agents do such work themselves.`;
  if (phase !== 'AwaitingHuman')
    return `Issue ${name} is ${phase} and waits for nobody, so there is nothing to prepare.`;
  if (assignedTo !== undefined) return `${assignedTo} prepares ${name} already.`;
  // An older conductor does not say what it asks; then it is the one that refuses.
  const { reason = DRIVEN } = escalation ?? {};
  return reason === DRIVEN ? null : `Issue ${name} waits for something else: rig why ${name}.`;
}
