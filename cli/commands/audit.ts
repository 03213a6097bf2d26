import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { audit } from '../audit.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';

/** The commands that look at what is kept: `rig doctor`, `rig replay`, `rig recover`. Exit codes: 0 nothing, 1 something, 2 it cannot be told. */
export function addAudit(program: Command): void {
  withCommonOptions(program.command('doctor'))
    .description('what is stuck, since when, why, and what helps; exit code 1 where anything is')
    .action((options: CommonOptions) => audit(options, 'doctor', []));
  withCommonOptions(program.command('replay'))
    .description('builds every projection and status anew from the events and names what is otherwise; changes nothing')
    .option('--archive <file...>', 'exported streams to verify and replay as well')
    .action((options: CommonOptions & { archive?: string[] }) =>
      audit(
        options,
        'replay',
        (options.archive ?? []).flatMap((file) => ['--archive', file]),
      ),
    );
  withCommonOptions(program.command('recover'))
    .description('goes on with a database that was restored from a backup; rig doctor says whether it was')
    .option('--by <name>', 'who asks for it, kept in the log', userInfo().username)
    .action((options: CommonOptions & { by: string }) => audit(options, 'recover', ['--by', options.by]));
}
