import { isPortFree } from '#lib/http';
import { ExitCode, ExitError } from '#lib/terminal';

// Below the range from which the system takes ports of outgoing connections, so that a remembered port stays free.
const LOWEST = 17_000;
const HIGHEST = 31_999;
const ATTEMPTS = 200;

export interface PortRequest {
  /** As in messages and in the state. */
  readonly name: string;
  /** From a flag. */
  readonly fixed?: number;
  /** Of an earlier start. */
  readonly remembered?: number;
  /** URLs with it live on in the cluster, so another port cannot stand in for it. */
  readonly sticky?: boolean;
}

export interface PortOptions {
  readonly isFree?: (port: number) => Promise<boolean>;
  /** In [0, 1). */
  readonly random?: () => number;
}

/**
 * A loopback port per request: the fixed one, else the remembered one, else any free one. Throws ExitError `Environment`, one
 * sentence, when a fixed or a sticky port is taken.
 */
export async function choosePorts(
  requests: readonly PortRequest[],
  options: PortOptions = {},
): Promise<Record<string, number>> {
  const chosen: Record<string, number> = {};
  for (const request of requests)
    chosen[request.name] = await choosePort(request, new Set(Object.values(chosen)), options);
  return chosen;
}

async function choosePort(request: PortRequest, taken: ReadonlySet<number>, options: PortOptions): Promise<number> {
  const { isFree = isPortFree, random = Math.random } = options;
  const { name, fixed, remembered, sticky = false } = request;
  const usable = async (port: number) => !taken.has(port) && (await isFree(port));
  if (fixed !== undefined) {
    if (await usable(fixed)) return fixed;
    throw inUse(`Port ${fixed}, asked for with --port-${name}, is in use`, 'or choose another port');
  }
  if (remembered !== undefined) {
    if (await usable(remembered)) return remembered;
    if (sticky)
      throw inUse(
        `Port ${remembered}, which this rig's ${name} is known by, is in use`,
        'or start over with "rig reset"',
      );
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = LOWEST + Math.floor(random() * (HIGHEST - LOWEST + 1));
    if (await usable(port)) return port;
  }
  throw inUse(`No free port was found on 127.0.0.1 for ${name}`, `or name one with --port-${name}`);
}

function inUse(what: string, otherwise: string): ExitError {
  return new ExitError(ExitCode.Environment, `${what} by another program: stop that program, ${otherwise}.`);
}
