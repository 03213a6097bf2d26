import { type Reason, reason } from '#crds';
import type { EgressTarget } from './target.ts';

export type EgressVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: Extract<Reason, 'HostNotListed' | 'PortNotListed' | 'PlainNotListed'> };

interface Entry {
  readonly host: string;
  readonly below: boolean;
  readonly port: number;
  readonly plain: boolean;
}

const ENTRY = /^(?<scheme>http:\/\/)?(?<below>\*\.)?(?<host>\[[0-9a-f:]+\]|[^:/[\]*]+)(?::(?<port>[0-9]{1,5}))?$/;

/**
 * Whether a target is on the list (entries in the words of `spec.egress.allow`). An entry that cannot be read allows nothing. The
 * reason says how near the list came: another host, another port, or only not as plain HTTP.
 */
export function judgeEgress(allow: readonly string[], target: EgressTarget): EgressVerdict {
  const hosts = allow.map(readEntry).filter((entry): entry is Entry => entry !== null && covers(entry, target.host));
  if (hosts.length === 0) return { allowed: false, reason: reason('HostNotListed') };
  const ports = hosts.filter(({ port }) => port === target.port);
  if (ports.length === 0) return { allowed: false, reason: reason('PortNotListed') };
  if (target.plain && !ports.some(({ plain }) => plain)) return { allowed: false, reason: reason('PlainNotListed') };
  return { allowed: true };
}

function readEntry(text: string): Entry | null {
  const { scheme, below, host, port } = ENTRY.exec(text)?.groups ?? {};
  if (host === undefined) return null;
  const plain = scheme !== undefined;
  return { host, below: below !== undefined, plain, port: port === undefined ? (plain ? 80 : 443) : Number(port) };
}

function covers(entry: Entry, host: string): boolean {
  return entry.below ? host.endsWith(`.${entry.host}`) : host === entry.host;
}
