import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { annotations, type Issue, type Reason, resources } from '#crds';
import { isKubeError, type KubeClient, type ObjectRef, type Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { openTenant, type TenantOptions } from '../cluster.ts';
import { checkNote } from '../note.ts';
import { withCommonOptions } from '../options.ts';
import { whoAmI } from '../who.ts';

const ISSUES: Resource<Issue> = resources.Issue;
const LOOK_MS = 250;
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
  await client.patch(ISSUES, ref, { metadata: { annotations: said } });
  const recorded = await untilRecorded(client, ref, act, withinMs).catch((error: Error) => error);
  if (typeof recorded !== 'string' && !(recorded instanceof Error)) return recorded;
  const meanwhile = await takeBack(client, ref, act).catch((error: Error) => {
    const message = `${plain(error.message)}: the asking may stand on the Issue ${ref.name} and begin later.`;
    throw new ExitError(ExitCode.Environment, message, { cause: error });
  });
  if (meanwhile !== null) return meanwhile;
  throw typeof recorded === 'string' ? new ExitError(ExitCode.NotDone, recorded) : recorded;
}

/** Resolves to what the conductor recorded, or to why it does not. */
async function untilRecorded(
  client: KubeClient,
  ref: ObjectRef,
  act: string,
  withinMs: number,
): Promise<AskedFor | string> {
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(LOOK_MS)) {
    const now = await client.get(ISSUES, ref);
    const recorded = recordedOf(now, act) ?? whyNot(now);
    if (recorded !== null) return recorded;
    if (askedOn(now) !== act) return `Somebody asked for a preparation of ${ref.name} at the same moment.`;
  }
  return `No conductor has recorded it, and it was taken back: rig status says whether one runs, rig why ${ref.name} what the issue waits for.`;
}

/** Takes an asking off the Issue, unless it is another's by now. Resolves to what the conductor has recorded of it meanwhile, which stands. */
async function takeBack(client: KubeClient, ref: ObjectRef, act: string): Promise<AskedFor | null> {
  const nothing = { [annotations.prepare]: null, [annotations.prepareBy]: null, [annotations.prepareNote]: null };
  for (;;) {
    const now = await client.get(ISSUES, ref);
    const recorded = recordedOf(now, act);
    if (recorded !== null || askedOn(now) !== act) return recorded;
    const { resourceVersion } = now.metadata;
    try {
      await client.patch(ISSUES, ref, { metadata: { resourceVersion, annotations: nothing } });
      return null;
    } catch (error) {
      if (!isKubeError(error, 'Conflict')) throw error;
    }
  }
}

function recordedOf({ status }: Issue, act: string): AskedFor | null {
  const { preparation } = status ?? {};
  return preparation?.act === act ? { act, by: preparation.by, at: preparation.at } : null;
}

function askedOn({ metadata }: Issue): string | undefined {
  return metadata.annotations?.[annotations.prepare];
}

/** What an Issue may show while it waits for the person who drives T3 work: that itself, and what goes on, or not, beside them. */
const DRIVEN: readonly Reason[] = [
  'IrreversibleTier',
  'PullRequestClosed',
  'Suspended',
  'Superseded',
  'RequestedByPerson',
  'Progressing',
  'Prepared',
  'NoAgentFits',
  'ConcurrencyFull',
  'FactUnknown',
  'HeadMoved',
  'ReviewWanted',
];

/** Why nothing can be prepared for an Issue, as its status tells; null where it can. */
export function whyNot({ metadata, status }: Pick<Issue, 'metadata' | 'status'>): string | null {
  const { phase = 'Pending', effectiveTier, assignedTo, conditions = [] } = status ?? {};
  const name = metadata.name!;
  if (effectiveTier !== 'T3')
    return `Issue ${name} is ${effectiveTier ?? 'not graded yet'}, not T3: agents do such work themselves.`;
  if (phase !== 'AwaitingHuman')
    return `Issue ${name} is ${phase} and waits for nobody, so there is nothing to prepare.`;
  if (assignedTo !== undefined) return `${assignedTo} prepares ${name} already.`;
  const reason = conditions.find(({ type }) => type === 'Ready')?.reason;
  const isDriven = reason === undefined || DRIVEN.some((one) => one === reason);
  return isDriven ? null : `Issue ${name} waits for something else: rig why ${name}.`;
}
