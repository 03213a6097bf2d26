import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { ensureBinary } from '../binaries.ts';
import { checkout } from '../checkout.ts';
import type { Context } from '../context.ts';
import type { UpOptions } from '../options.ts';
import { sampleTools } from '../tenant/repository.ts';
import type { Source } from '../tenant/source.ts';
import type { Isolation } from './kubelet.ts';

const Probed = Type.Object({ isolated: Type.Boolean(), userNamespace: Type.Boolean(), message: Type.String() });
const PROBE_TIMEOUT_MS = 60_000;

/** What the forge's runner is told of its tests, and what the person is. */
export interface RunnerWall {
  readonly isolation: Isolation;
  /** As the forge's `--ci-isolation` takes it. */
  readonly told: string;
}

/** Finds out by trying whether this machine can keep in what the forge tests. Throws ExitError `Environment` where the program cannot be built. */
export async function openWall(
  context: Context,
  source: Source,
  progress: (line: string) => void,
): Promise<RunnerWall> {
  const { options, layout, signal } = context;
  if (options.isolation === 'none') return withoutWall('Isolation is turned off (--isolation none).', options);
  const program = `${await ensureBinary('kubelet', { onProgress: progress, signal })}-wall`;
  const { stdout } = await promisify(execFile)(program, ['probe'], { signal, timeout: PROBE_TIMEOUT_MS });
  const found: unknown = JSON.parse(stdout);
  if (!Check(Probed, found)) throw new Error(`the probe of the wall answered ${stdout}`);
  if (!found.isolated) return withoutWall(found.message, options);
  const wall = {
    program,
    userNamespace: found.userNamespace,
    // As agents see it: what passed there passes here. The data directory may lie in the checkout.
    readable: [checkout(), ...sampleTools(source).path, dirname(process.execPath)],
    hidden: [layout.root],
    network: options.ciNetwork,
  };
  return { isolation: { holds: true, message: found.message }, told: JSON.stringify(wall) };
}

/** Without a wall tests run under the flag alone by which agents may. */
export function withoutWall(message: string, { allowUnisolated }: Pick<UpOptions, 'allowUnisolated'>): RunnerWall {
  const refused = `This machine does not isolate what is tested, so nothing is. ${message} Mend that, or accept with rig up --allow-unisolated that tests can read and change what you can.`;
  return { isolation: { holds: false, message }, told: allowUnisolated ? 'none' : JSON.stringify({ refused }) };
}
