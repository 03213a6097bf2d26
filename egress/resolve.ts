import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type EgressTarget, isAddress } from '#domain';
import type { AddressRule } from '#lib/http';
import { EgressError } from './error.ts';

/** One address that was checked: connected to as it is, without another lookup. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Lookup = (host: string) => Promise<readonly { address: string; family: number }[]>;
export type Resolve = (target: EgressTarget) => Promise<readonly Address[] | 'refused'>;

const PATIENCE_MS = 5_000;

/** The system's own resolver. The trailing dot keeps search domains, and with them the names of the cluster, out of it. */
export const systemLookup: Lookup = (host) => lookup(`${host}.`, { all: true, verbatim: true });

/**
 * The addresses of a target, once each. `refused` where any of them may not be reached: a public host has no private address, and
 * one that has is somebody's way in. Throws EgressError `Unreachable` or `TimedOut`.
 */
export function resolver(allowed: AddressRule, look: Lookup = systemLookup, patienceMs = PATIENCE_MS): Resolve {
  return async ({ host }) => {
    const found = isAddress(host) ? [literal(host)] : await answers(host, look, patienceMs);
    if (found.length === 0) throw new EgressError('Unreachable', `${host} does not resolve to any address.`);
    return found.every(({ address }) => allowed(address)) ? found : 'refused';
  };
}

function literal(host: string): Address {
  const address = host.replace(/^\[|\]$/g, '');
  return { address, family: isIPv4(address) ? 4 : 6 };
}

async function answers(host: string, look: Lookup, patienceMs: number): Promise<Address[]> {
  const late = new AbortController();
  const tooLate = delay(patienceMs, undefined, { signal: late.signal, ref: false }).then(() => {
    throw new EgressError('TimedOut', `The name of ${host} is not resolved in time; try again.`);
  });
  try {
    const found = await Promise.race([look(host), tooLate]);
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch (cause) {
    if (cause instanceof EgressError) throw cause;
    throw new EgressError('Unreachable', `${host} does not resolve; check the name.`, { cause });
  } finally {
    tooLate.catch(() => {});
    late.abort();
  }
}
