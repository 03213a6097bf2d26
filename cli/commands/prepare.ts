import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { annotations, type Issue, resources } from '#crds';
import type { KubeClient, ObjectRef, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openTenant, type TenantOptions } from '../cluster.ts';
import { withCommonOptions } from '../options.ts';
import { whoAmI } from '../who.ts';

const ISSUES: Resource<Issue> = resources.Issue;
const LOOK_MS = 250;
const WITHIN_MS = 30_000;
const NOTE_MAX = 1_024;

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
  if (note !== undefined && note.length > NOTE_MAX)
    throw new ExitError(ExitCode.Usage, `The note has ${note.length} characters; make it at most ${NOTE_MAX}.`);
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
 * T3, does not wait for the person who drives it, is prepared already, or the conductor does not take it up.
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
  await client.patch(ISSUES, ref, { metadata: { annotations: said } });
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(LOOK_MS)) {
    const now = await client.get(ISSUES, ref);
    const { preparation } = now.status ?? {};
    if (preparation?.act === act) return { act, by: preparation.by, at: preparation.at };
    const refused = whyNot(now);
    if (refused !== null) throw new ExitError(ExitCode.NotDone, refused);
    if (now.metadata.annotations?.[annotations.prepare] !== act)
      throw new ExitError(ExitCode.NotDone, `Somebody asked for a preparation of ${ref.name} at the same moment.`);
  }
  throw new ExitError(
    ExitCode.NotDone,
    `It stands on the Issue ${ref.name}, and no conductor has recorded it yet: rig status says whether one runs.`,
  );
}

/** Why nothing can be prepared for an Issue, as its status tells; null where it can. */
export function whyNot({ metadata, status }: Pick<Issue, 'metadata' | 'status'>): string | null {
  const { phase = 'Pending', effectiveTier, assignedTo } = status ?? {};
  const name = metadata.name!;
  if (effectiveTier !== 'T3')
    return `Issue ${name} is ${effectiveTier ?? 'not graded yet'}, not T3: agents do such work themselves.`;
  if (phase !== 'AwaitingHuman')
    return `Issue ${name} is ${phase} and waits for nobody, so there is nothing to prepare.`;
  return assignedTo === undefined ? null : `${assignedTo} prepares ${name} already.`;
}
