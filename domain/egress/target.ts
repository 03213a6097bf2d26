/** Where a connection is to go: a host in its canonical form and a port. */
export interface EgressTarget {
  /** Lower case, punycode, no trailing dot; an address as `192.0.2.7` or `[2001:db8::7]`. */
  readonly host: string;
  readonly port: number;
  /** Plain HTTP that the proxy itself sends on; else a tunnel. */
  readonly plain: boolean;
}

const AUTHORITY = /^(?<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,254}):(?<port>[0-9]{1,5})$/;

/**
 * The target of a CONNECT (`host:port`, RFC 9110 section 9.3.6); null for anything else: a user, a path, an escape, a zone, a port
 * that is none. Spellings that resolvers read as an address (`0x7f.1`, `2130706433`) become that address.
 */
export function tunnelTarget(authority: string): EgressTarget | null {
  const { host, port } = AUTHORITY.exec(authority)?.groups ?? {};
  const canonical = host === undefined ? null : canonicalHost(host);
  const number = Number(port);
  return canonical === null || number < 1 || number > 65_535 ? null : { host: canonical, port: number, plain: false };
}

/** The target of a request in absolute form (`http://host[:port]/…`, RFC 9112 section 3.2.2); null for anything else, a user included. */
export function plainTarget(url: string): EgressTarget | null {
  const authority = /^http:\/\/([^/?#]+)/i.exec(url)?.[1];
  if (authority === undefined) return null;
  const target = tunnelTarget(/:[0-9]+$/.test(authority) ? authority : `${authority}:80`);
  return target === null ? null : { ...target, plain: true };
}

/** Whether a canonical host is an address and not a name. */
export function isAddress(host: string): boolean {
  return host.startsWith('[') || /^[0-9]+(\.[0-9]+){3}$/.test(host);
}

/** The URL standard knows every spelling of an address, so that none passes as a name. */
function canonicalHost(host: string): string | null {
  const hostname = URL.parse(`http://${host}/`)?.hostname.replace(/\.$/, '') ?? '';
  return hostname === '' || hostname.length > 253 ? null : hostname;
}

/** As people write it: `host:port`. */
export function targetText({ host, port }: Pick<EgressTarget, 'host' | 'port'>): string {
  return `${host}:${port}`;
}
