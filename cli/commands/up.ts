import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { cacheDir, dataDirPath } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from '../checkout.ts';
import { type CommonOptions, parsePort, withCommonOptions } from '../options.ts';

/** Programs whose port a flag can fix; the supervisor knows them by the same names. */
const PORTS = ['apiserver', 'postgres', 'forge', 'replay', 'proxy', 'egress', 'conductor', 'kubelet'] as const;
type PortOption = `port${Capitalize<(typeof PORTS)[number]>}`;

interface Flags extends CommonOptions, Partial<Record<PortOption, number>> {
  readonly once?: boolean;
  readonly sample?: boolean;
  readonly repo?: string;
  readonly testCommand?: string;
  readonly replay?: string;
  readonly tierPolicy?: string;
  readonly allowUnisolated?: boolean;
  readonly isolation?: 'auto' | 'none';
  readonly ciNetwork?: boolean;
  readonly context?: string;
  readonly kubelet?: boolean;
  readonly logs?: boolean;
}

export function addUp(program: Command): void {
  const command = withCommonOptions(program.command('up'))
    .description('start a whole rig on this machine, and stay up until Ctrl-C')
    .option('--sample', 'work the sample issue in a real npm package (what "npm start" does)')
    .option('--once', 'end when the issue is Done (exit 0), or awaits a person or failed (exit 1)')
    .option('--repo <path>', 'work on this local git repository instead of the sample')
    .option('--test-command <command>', 'how --repo is tested; default: testCommand of its .rig-agent.yaml')
    .option('--replay <file>', 'answer the agents from this replay file')
    .option('--tier-policy <file>', 'grade changes by this TierPolicy (default: the shipped one for Node)')
    .option('--allow-unisolated', 'accept that agents’ commands run as you where this machine cannot isolate them')
    .addOption(
      new Option(
        '--isolation <mode>',
        'none: this machine does not isolate agents; they run only with --allow-unisolated',
      )
        .choices(['auto', 'none'])
        .default('auto'),
    )
    .option('--ci-network', 'tests that the forge runs reach what this machine reaches, instead of loopback alone')
    .option('--context <name>', 'use the cluster of this kubeconfig context instead of an embedded one')
    .option('--kubelet', 'with --context: also join this machine as a node')
    .option('--logs', 'show the programs’ logs on the terminal')
    .action((flags: Flags) => up(flags));
  for (const name of PORTS) {
    command.addOption(new Option(`--port-${name} <port>`, `fix the port of ${name}`).argParser(parsePort));
  }
}

function up(flags: Flags): void {
  const options = toUpOptions(flags, process.env);
  // The supervisor takes this process's place: one process for the terminal to talk to, none that only waits.
  const args = [
    process.execPath,
    '--max-semi-space-size=2',
    checkout('local', 'supervisor', 'main.ts'),
    JSON.stringify(options),
  ];
  // Stripped and compiled modules are kept, for the programs too: each start is faster and 17 MB leaner.
  const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(cacheDir(), 'node');
  process.execve?.(process.execPath, args, { ...process.env, NODE_COMPILE_CACHE });
}

/** What the supervisor is asked for. Throws ExitError `Usage` for options that contradict each other. */
export function toUpOptions(flags: Flags, env: NodeJS.ProcessEnv) {
  if (flags.kubelet && !flags.context)
    throw usage('--kubelet goes with --context: the embedded cluster always has a node.');
  if (flags.testCommand && !flags.repo)
    throw usage('--test-command goes with --repo: the sample knows how it is tested.');
  if (flags.once && (flags.repo || !flags.sample))
    throw usage('--once waits for the sample issue: pass --sample, and not --repo.');
  const ports = Object.fromEntries(
    PORTS.flatMap((name) => {
      const port = flags[`port${name[0]?.toUpperCase()}${name.slice(1)}` as PortOption];
      return port === undefined ? [] : [[name, port]];
    }),
  );
  return {
    dataDir: dataDirPath(flags.dataDir, env),
    json: flags.json ?? false,
    once: flags.once ?? false,
    sample: (flags.sample ?? false) && flags.repo === undefined,
    repo: existingPath(flags.repo, '--repo'),
    testCommand: flags.testCommand,
    replay: existingPath(flags.replay, '--replay'),
    tierPolicy: existingPath(flags.tierPolicy, '--tier-policy'),
    allowUnisolated: flags.allowUnisolated ?? false,
    isolation: flags.isolation ?? 'auto',
    ciNetwork: flags.ciNetwork ?? false,
    context: flags.context,
    kubelet: flags.kubelet ?? false,
    logs: flags.logs ?? false,
    ports,
    setupSeconds: Number(env.RIG_SETUP_SECONDS) || 0,
  };
}

function existingPath(path: string | undefined, flag: string): string | undefined {
  if (path === undefined) return undefined;
  const absolute = resolve(path);
  if (existsSync(absolute)) return absolute;
  throw usage(`${flag} names ${absolute}, and there is nothing there.`);
}

function usage(message: string): ExitError {
  return new ExitError(ExitCode.Usage, message);
}
