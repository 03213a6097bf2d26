import type { Command } from 'commander';
import { isReason, reasons } from '#crds';
import { type LedgerResponse, readLedger } from '#lib/conductor';
import { createTerminal, plain, table } from '#lib/terminal';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';
import { explainConductor, readerOf } from '../readers.ts';
import { addTrustActs } from './trust-acts.ts';
import { addTrustRoot } from './trust-root.ts';

interface ShowOptions extends CommonOptions {
  readonly namespace?: string;
}

/** `rig trust`: what Agents are trusted with. */
export function addTrust(program: Command): void {
  const trust = program.command('trust').description('what Agents are trusted with, why, and what people say of it');
  withCommonOptions(trust.command('show'))
    .description('how high each Agent may work by itself, by class of work and model')
    .argument('[agent]', 'only this Agent')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(async (agent: string | undefined, options: ShowOptions) => {
      const ledger = await readLedger(readerOf(layoutOfOptions(options), options.namespace), { agent }).catch(
        explainConductor,
      );
      createTerminal(options).result(ledger, renderLedger(ledger));
    });
  addTrustActs(trust);
  addTrustRoot(trust);
  withCommonOptions(trust.command('explain'))
    .description('every change that a ceiling hangs on: what counted, and why the others did not')
    .argument('<agent>', 'name of the Agent')
    .argument('<class>', 'class of work')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(async (agent: string, taskClass: string, options: ShowOptions) => {
      const query = { agent, class: taskClass, explain: true };
      const ledger = await readLedger(readerOf(layoutOfOptions(options), options.namespace), query).catch(
        explainConductor,
      );
      createTerminal(options).result(ledger, renderExplanation(ledger));
    });
}

type Line = LedgerResponse['lines'][number];

/** A table with a row for each Agent, class and model. */
export function renderLedger({ streak, lines }: LedgerResponse): string {
  if (lines.length === 0) return 'Nothing that an Agent made has been merged, so everyone is at T0.';
  const rows = lines.map((line) => [
    plain(line.agent),
    plain(line.taskClass),
    plain(line.model),
    line.ceiling,
    line.ceiling === 'T2' ? '-' : `${line.streak}/${streak}`,
    held(line),
  ]);
  return table(['AGENT', 'CLASS', 'MODEL', 'CEILING', 'STREAK', 'HELD BACK BY'], rows);
}

/** What keeps a line from rising, whatever it does. */
function held({ acknowledged, cooldownUntil, agent, model, ceiling }: Line): string {
  if (cooldownUntil !== null) return `a rollback, until ${cooldownUntil}`;
  if (!acknowledged) return `a new model: rig trust ack ${plain(agent)} ${plain(model)}`;
  return ceiling === 'T2' ? 'T3 is driven by people' : '-';
}

const CAUSES: Readonly<Record<string, string>> = {
  promoted: 'earned',
  rolledBack: 'lost: a change was taken back',
  granted: 'granted by a person',
  recovered: 'lost: the database was recovered from a backup',
};

/** How each line came to where it stands, and what became of each change. */
export function renderExplanation({ streak, lines }: LedgerResponse): string {
  if (lines.length === 0) return 'The ledger has nothing of that Agent in that class of work: it is at T0.';
  return lines.map((line) => explained(line, streak)).join('\n\n');
}

function explained(line: Line, streak: number): string {
  const { agent, taskClass, model, ceiling, moves, changes = [] } = line;
  const counts = ceiling === 'T2' ? '' : `, ${line.streak} of ${streak} successes towards the next`;
  const head = `${plain(agent)}, ${plain(taskClass)}, ${plain(model)}: ${ceiling}${counts}`;
  const reason = held(line);
  const told = [
    ...(reason === '-' ? [] : [`  held back by ${reason}`]),
    ...moves.map(
      ({ at, from, to, cause, by }) =>
        `  ${at}  ${from} → ${to}  ${CAUSES[cause] ?? plain(cause)}${by === '' ? '' : ` (${plain(by)})`}`,
    ),
    ...changes.map(({ issue, tier, verdict, mergedAt, question }) => {
      const why = isReason(verdict) ? reasons[verdict] : plain(verdict);
      return `  ${mergedAt}  ${plain(issue)}  ${tier ?? '?'}  ${why}${question === null ? '' : ` Asked: ${plain(question)}`}`;
    }),
  ];
  return [head, ...told].join('\n');
}
