import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from '../checkout.ts';
import { writePrivately } from '../cluster/identities.ts';
import { type Context, startProgram } from '../context.ts';
import type { UpOptions } from '../options.ts';
import { nodeProgram } from '../process/program.ts';
import { untilAnswers } from '../process/ready.ts';

/** What answers the agents. */
export type ModelChoice =
  | { readonly kind: 'replay'; readonly file: string }
  | { readonly kind: 'provider'; readonly url: string; readonly key: string };

/** Where the proxy sends requests, and the file with the key it adds. */
export interface Upstream {
  readonly url: string;
  readonly keyFile: string | undefined;
}

const ANTHROPIC = 'https://api.anthropic.com';

/**
 * A replay that was named goes first, then a real provider where ANTHROPIC_API_KEY is set, then the sample's replay. Throws
 * ExitError `Usage` where nothing can answer.
 */
export function chooseModel(options: UpOptions, env: NodeJS.ProcessEnv): ModelChoice {
  if (options.replay !== undefined) return { kind: 'replay', file: options.replay };
  const key = env.ANTHROPIC_API_KEY;
  if (key) {
    return { kind: 'provider', url: (env.ANTHROPIC_BASE_URL || ANTHROPIC).replace(/\/+$/, ''), key };
  }
  if (options.repo === undefined) return { kind: 'replay', file: checkout('local', 'sample', 'replay.yaml') };
  throw new ExitError(
    ExitCode.Usage,
    'Nothing can answer the agents on this repository: set ANTHROPIC_API_KEY, or name a replay with --replay FILE.',
  );
}

/** Makes the chosen model reachable; a replay is served by a program of its own on `port`. */
export async function startModel(context: Context, choice: ModelChoice, port: number): Promise<Upstream> {
  if (choice.kind === 'provider') return keepKey(context, choice);
  const url = `http://127.0.0.1:${port}`;
  const program = nodeProgram({
    name: 'replay',
    args: [checkout('local', 'replay', 'main.ts'), '--file', choice.file, '--port', String(port)],
    ready: (signal) => untilAnswers(`${url}/healthz`, signal),
  });
  await startProgram(context, 'replay', program);
  return { url, keyFile: undefined };
}

/** The key is on disk only while the rig is up, where the proxy alone looks for it. */
function keepKey(context: Context, { url, key }: ModelChoice & { kind: 'provider' }): Upstream {
  const keyFile = join(context.layout.identities, 'provider-key');
  writePrivately(keyFile, key);
  context.stops.add('replay', async () => rmSync(keyFile, { force: true }));
  return { url, keyFile };
}
