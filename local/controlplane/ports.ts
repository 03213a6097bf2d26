import { readFile, writeFile } from 'node:fs/promises';
import { type HeldPort, holdPort } from '#lib/http';
import { ControlPlaneError } from './errors.ts';

/** Loopback ports. `apiserver` is the one people and programs use; the etcd ports serve the API server alone. */
export interface Ports {
  readonly apiserver: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
}

const names = ['apiserver', 'etcdClient', 'etcdPeer'] as const;

/**
 * Chooses the ports: one that was asked for must be free (PortInUse otherwise); else the one of the last start, kept in
 * `file`, so that a kubeconfig stays good over restarts; else any free one. The choice is kept in `file`.
 */
export async function choosePorts(wanted: Partial<Ports>, file: string): Promise<Ports> {
  const last = await readLast(file);
  const held: HeldPort[] = [];
  try {
    const chosen: Record<string, number> = {};
    for (const name of names) {
      const lease = await take(name, wanted[name] ?? 0, last[name] ?? 0);
      held.push(lease);
      chosen[name] = lease.port;
    }
    const ports = chosen as unknown as Ports;
    await writeFile(file, `${JSON.stringify(ports)}\n`);
    return ports;
  } finally {
    await Promise.all(held.map((lease) => lease.release()));
  }
}

async function readLast(file: string): Promise<Partial<Ports>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<Ports>;
  } catch {
    // Missing or cut short: nothing is lost but the wish to keep the same ports.
    return {};
  }
}

async function take(name: string, wanted: number, last: number) {
  if (wanted > 0) {
    const lease = await holdPort(wanted);
    if (lease) return lease;
    throw new ControlPlaneError(
      'PortInUse',
      `Port ${wanted} on 127.0.0.1, asked for as the ${name} port, is already in use: stop the program that holds it or choose another port.`,
    );
  }
  const lease = (last > 0 && (await holdPort(last))) || (await holdPort(0));
  if (lease) return lease;
  throw new ControlPlaneError('PortInUse', `No free port was found on 127.0.0.1 for ${name}.`);
}
