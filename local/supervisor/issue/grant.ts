import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Agent, resources } from '#crds';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import { checkout } from '../checkout.ts';
import { type Context, trouble } from '../context.ts';

/** What the sample takes: it mends an error in code, which is reversible in minutes. */
const GRANT = ['dev-e', 'bugfix', 'T1'] as const;
const AGENTS = resources.Agent as Resource<Agent & KubeObject>;
const LOOK_MS = 100;
/** The ledger follows the log within a second; without it the issue says what it waits for. */
const WITHIN_MS = 10_000;

/**
 * The person of this machine signs that the developer may do such work by itself, which it has not earned here yet; shown as they would do it by hand. Where
 * that fails the work waits for a person, and names this command. Resolves once the grant is in force.
 */
export async function grantSample(context: Context, client: KubeClient, namespace: string): Promise<void> {
  const { terminal, layout, signal } = context;
  terminal.say(terminal.colours.dim(`  you@rig.local: rig trust grant ${GRANT.join(' ')}`));
  const how = ['--sign-in', 'local', '--yes', '--note', 'For the sample.', '--data-dir', layout.root];
  const command = [checkout('cli', 'main.ts'), 'trust', 'grant', ...GRANT, ...how];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, command, { signal });
    terminal.say(terminal.colours.dim(`  ${stdout.trim().split('\n').at(-1)}`));
    await untilInForce(client, namespace, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const { stderr = '' } = error as { stderr?: string };
    trouble(context)(`The grant was not given: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  }
}

async function untilInForce(client: KubeClient, namespace: string, signal: AbortSignal): Promise<void> {
  const [name, taskClass, tier] = GRANT;
  for (const until = Date.now() + WITHIN_MS; Date.now() < until; await pause(LOOK_MS, undefined, { signal })) {
    const { status } = await client.get(AGENTS, { namespace, name }, { signal });
    if (status?.ceilings?.some((ceiling) => ceiling.taskClass === taskClass && ceiling.tier === tier)) return;
  }
}
