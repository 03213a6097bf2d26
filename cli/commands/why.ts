import type { Command } from 'commander';
import { type Issue, resources } from '#crds';
import type { Resource } from '#lib/kube';
import { createTerminal, plain, table } from '#lib/terminal';
import { openTenant, type TenantOptions } from '../cluster.ts';
import { withCommonOptions } from '../options.ts';

const ISSUES: Resource<Issue> = resources.Issue;

export function addWhy(program: Command): void {
  withCommonOptions(program.command('why'))
    .description('why an Issue is not done yet: the one most useful missing thing, then every gate that is left')
    .argument('<issue>', 'name of the Issue')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .action(why);
}

async function why(name: string, options: TenantOptions): Promise<void> {
  const { client, namespace } = openTenant(options);
  try {
    const told = explainIssue(await client.get<Issue>(ISSUES, { namespace, name }));
    createTerminal(options).result(told, renderWhy(told));
  } finally {
    await client.close();
  }
}

/** One row of the merge gate as the Issue's status has it. */
interface Row {
  readonly gate: string;
  readonly state: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  /** What it is, and what to do. */
  readonly message: string;
}

export interface Why {
  readonly issue: { readonly namespace: string; readonly name: string };
  readonly phase: string;
  /** The most useful missing thing, in one sentence. */
  readonly why: string;
  readonly reason: string;
  readonly since: string | null;
  /** What a person is asked for, and who sees to it; null where nobody is. */
  readonly escalation: NonNullable<Issue['status']>['escalation'] | null;
  /** The gate it is about, first; null where the gate is not what is waited for. */
  readonly missing: Row | null;
  /** Every gate, in the order of the table. */
  readonly gates: readonly Row[];
}

/** What the status of an Issue says of why it waits. Pure. */
export function explainIssue({ metadata, status }: Issue): Why {
  const gates = (status?.gates ?? []).map(({ name, state, reason, since, message }) => ({
    gate: name,
    state,
    reason,
    since,
    message: message ?? '',
  }));
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const ended = ['Done', 'Failed', 'Cancelled', 'AwaitingHuman'].includes(status?.phase ?? '');
  const missing = ended ? null : mostUseful(gates);
  return {
    issue: { namespace: metadata.namespace ?? '', name: metadata.name ?? '' },
    phase: status?.phase ?? 'Pending',
    why: status?.why ?? 'The conductor has not looked at it yet.',
    reason: ready?.reason ?? missing?.reason ?? 'Unfiled',
    since: ready?.lastTransitionTime ?? null,
    escalation: status?.escalation ?? null,
    missing,
    gates,
  };
}

/** What somebody must do before what only needs time, and that before what has to be read once more. */
function mostUseful(gates: readonly Row[]): Row | null {
  for (const state of ['Failed', 'Waiting', 'Unknown']) {
    const found = gates.find((row) => row.state === state);
    if (found) return found;
  }
  return null;
}

/** The sentence, then the gates: the missing one first, the others in the order of the table. */
export function renderWhy(told: Why): string {
  const { issue, phase, why: sentence, reason, since, missing, gates } = told;
  const when = since === null ? '' : ` since ${since}`;
  const head = `${issue.name} ${phase} (${reason}${when})\n${plain(sentence)}${seenTo(told)}`;
  if (gates.length === 0) return head;
  const ordered = [...(missing === null ? [] : [missing]), ...gates.filter((row) => row !== missing)];
  const rows = ordered.map((row) => [row.gate, row.state, row.reason, row.since, plain(row.message)]);
  return `${head}\n\n${table(['GATE', 'STATE', 'REASON', 'SINCE', 'WHAT TO DO'], rows)}`;
}

/** Who sees to what a person is asked for, on a line of its own. */
function seenTo({ issue, escalation }: Why): string {
  if (escalation === null || escalation === undefined) return '';
  const { acknowledgedBy, acknowledgedAt, note, reminders, remindedAt } = escalation;
  if (acknowledgedBy !== undefined)
    return `\n${plain(acknowledgedBy)} sees to it since ${acknowledgedAt}${note === undefined ? '' : `: ${plain(note)}`}`;
  const often = reminders === 1 ? 'once' : `${reminders} times`;
  const reminded = reminders === undefined ? '' : ` (reminded ${often}, last at ${remindedAt})`;
  return `\nNobody sees to it yet${reminded}: rig ack ${issue.name}`;
}
