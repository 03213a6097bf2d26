import type { Command } from 'commander';
import { annotations, type Issue, resources } from '#crds';
import type { KubeClient, KubeObject, ObjectRef, Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain } from '#lib/terminal';
import { ask } from '../asking.ts';
import { openTenant, type TenantOptions } from '../cluster.ts';
import { checkNote } from '../note.ts';
import { withCommonOptions } from '../options.ts';
import { whoAmI } from '../who.ts';

const ISSUES = resources.Issue as Resource<Issue & KubeObject>;
const WITHIN_MS = 30_000;

interface AckOptions extends TenantOptions {
  readonly note?: string;
}

export function addAck(program: Command): void {
  withCommonOptions(program.command('ack'))
    .description('say that you see to what an issue waits for: nobody is reminded of it any more')
    .argument('<issue>', 'name of the Issue')
    .option('--note <text>', 'what others should know')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .action(ack);
}

async function ack(name: string, options: AckOptions): Promise<void> {
  const { note } = options;
  checkNote(note);
  const { client, namespace } = openTenant(options);
  try {
    const acked = await acknowledge(client, { namespace, name }, note);
    createTerminal(options).result(acked, renderAck(acked));
  } finally {
    await client.close();
  }
}

/** Who sees to an issue. */
export interface Acked {
  readonly issue: ObjectRef;
  readonly gate: number;
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  readonly note: string | null;
  /** Somebody had acknowledged it before this command. */
  readonly already: boolean;
}

/**
 * Says on the Issue that whoever asks sees to it, and waits until the conductor has recorded that. Harmless to repeat. Throws ExitError NotDone where
 * the issue waits for nobody, or the conductor does not take it up, and KubeError: then nothing of it is left that could count later. Where even that
 * fails, ExitError Environment says so.
 */
export async function acknowledge(
  client: KubeClient,
  ref: ObjectRef,
  note?: string,
  withinMs = WITHIN_MS,
): Promise<Acked> {
  const before = await client.get(ISSUES, ref);
  const asked = questionOf(before);
  if (asked === null) throw new ExitError(ExitCode.NotDone, notWaiting(before));
  const known = ackedOf(before, asked);
  if (known !== null) return { ...known, already: true };
  const by = await whoAmI(client);
  const said = { [annotations.ack]: asked, [annotations.ackBy]: by, [annotations.ackNote]: note ?? null };
  const acked = await ask(
    client,
    {
      resource: ISSUES,
      ref,
      said,
      answered: (now) => ackedOf(now, asked) ?? undefined,
      useless: (now) => (questionOf(now) === asked ? null : notWaiting(now)),
      later: 'count',
    },
    withinMs,
  );
  return { ...acked, already: acked.by !== by };
}

function notWaiting({ metadata, status }: Issue): string {
  const phase = status?.phase ?? 'Pending';
  const why = phase === 'AwaitingHuman' ? 'it was asked something else meanwhile; look at rig why' : `it is ${phase}`;
  return `Issue ${metadata.name} does not wait with that question: ${why}.`;
}

/** What the Issue waits with, as the annotation names it. */
function questionOf({ status }: Issue): string | null {
  const { escalation } = status ?? {};
  return escalation === undefined ? null : `${escalation.gate}@${escalation.since}`;
}

function ackedOf(seen: Issue, asked: string): Acked | null {
  const { metadata, status } = seen;
  const { escalation } = status ?? {};
  if (questionOf(seen) !== asked || escalation?.acknowledgedBy === undefined) return null;
  const issue = { namespace: metadata.namespace!, name: metadata.name! };
  const { gate, acknowledgedBy: by, acknowledgedAt: at = '', note = null } = escalation;
  return { issue, gate, by, at, note, already: false };
}

export function renderAck({ issue, by, at, note, already }: Acked): string {
  const said = note === null ? '' : `: ${plain(note)}`;
  const sees = `${plain(by)} sees to ${issue.name} since ${at}${said}`;
  return already ? `${sees} (nothing changed)` : sees;
}
