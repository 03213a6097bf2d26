import { Command, CommanderError } from 'commander';
import { DataDirError } from '#lib/datadir';
import { isKubeError } from '#lib/kube';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { addAck } from './commands/ack.ts';
import { addAdmission } from './commands/admission.ts';
import { addApprove } from './commands/approve.ts';
import { addAudit } from './commands/audit.ts';
import { addClassify } from './commands/classify.ts';
import { addDemo } from './commands/demo.ts';
import { addDown } from './commands/down.ts';
import { addEvents } from './commands/events.ts';
import { addGitCredential } from './commands/git-credential.ts';
import { addIssue } from './commands/issue.ts';
import { addKubectl } from './commands/kubectl.ts';
import { addLogs } from './commands/logs.ts';
import { addPrepare } from './commands/prepare.ts';
import { addRepo } from './commands/repo.ts';
import { addReport } from './commands/report.ts';
import { addReset } from './commands/reset.ts';
import { addRollback } from './commands/rollback.ts';
import { addStatus } from './commands/status.ts';
import { addSync } from './commands/sync.ts';
import { addTrust } from './commands/trust.ts';
import { addUp } from './commands/up.ts';
import { addWhy } from './commands/why.ts';

/** Runs one command line, without `node` and script, to its exit code. Every failure is one sentence on standard error. */
export async function runCLI(args: readonly string[]): Promise<ExitCode> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return ExitCode.Ok;
  } catch (error) {
    return explain(error);
  }
}

/** The command line of `rig`; actions throw ExitError to end with another exit code than 0. */
export function createProgram(): Command {
  const program = new Command('rig')
    .description('A fleet of coding agents under policy: an issue goes in, a reviewed and merged change comes out.')
    .enablePositionalOptions()
    .showHelpAfterError('(rig --help lists the commands)')
    .configureHelp({ sortSubcommands: false });
  for (const add of [
    addUp,
    addDown,
    addReset,
    addStatus,
    addEvents,
    addReport,
    addLogs,
    addIssue,
    addRepo,
    addWhy,
    addClassify,
    addAck,
    addApprove,
    addPrepare,
    addTrust,
    addAdmission,
    addRollback,
    addDemo,
    addSync,
    addKubectl,
    addAudit,
    addGitCredential,
  ])
    add(program);
  for (const command of everyCommand(program)) command.exitOverride();
  return program;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function explain(error: unknown): ExitCode {
  // Commander has shown its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
  const { warn } = createTerminal();
  if (error instanceof ExitError) {
    if (error.message !== '') warn(`rig: ${error.message}`);
    return error.code;
  }
  if (error instanceof DataDirError) {
    warn(`rig: ${error.message}`);
    return ExitCode.Environment;
  }
  if (isKubeError(error)) {
    warn(`rig: ${error.message}`);
    return error.code === 'Unavailable' || error.code === 'Config' ? ExitCode.Environment : ExitCode.NotDone;
  }
  throw error;
}
