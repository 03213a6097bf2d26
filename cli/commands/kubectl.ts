import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type Layout, readState } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from '../checkout.ts';
import { layoutOfOptions } from '../options.ts';

export function addKubectl(program: Command): void {
  program
    .command('kubectl')
    .description('kubectl on the rig’s cluster, e.g. rig kubectl get issues -A')
    .option('--data-dir <dir>', 'the rig’s data directory; must come before kubectl’s own arguments')
    .argument('[arguments...]', 'for kubectl')
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[], options: { dataDir?: string }) => kubectl(args, layoutOfOptions(options)));
}

function kubectl(args: readonly string[], layout: Layout): void {
  const { env, extra } = clusterOf(layout);
  const binary = ensureKubectl();
  process.execve?.(binary, [binary, 'kubectl', ...extra, ...args], { ...process.env, ...env });
}

/** How kubectl reaches the cluster of this data directory. Throws ExitError `Environment` where no rig was ever up. */
function clusterOf(layout: Layout): { env: NodeJS.ProcessEnv; extra: string[] } {
  const context = readState(layout)?.context;
  if (context) return { env: {}, extra: ['--context', context] };
  if (existsSync(layout.kubeconfig)) return { env: { KUBECONFIG: layout.kubeconfig }, extra: [] };
  throw new ExitError(
    ExitCode.Environment,
    `No rig was ever up on ${layout.root}: start one with "npm start" or "rig up".`,
  );
}

function ensureKubectl(): string {
  try {
    const built = execFileSync(process.execPath, [checkout('hack', 'go', 'build.mjs'), 'controlplane'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return built.trim();
  } catch (cause) {
    // The build has said why.
    throw new ExitError(ExitCode.Environment, 'kubectl is not available.', { cause });
  }
}
