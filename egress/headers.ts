/** For this hop alone, beside what Connection names (RFC 9110 section 7.6.1). */
const OF_THIS_HOP = new Set([
  'proxy-authorization',
  'proxy-connection',
  'proxy-authenticate',
  'keep-alive',
  'te',
  'upgrade',
]);

/** The task token of a Proxy-Authorization header: the password of Basic credentials, as clients take it from a proxy's URL, or a Bearer. */
export function tokenOf(header: string | undefined): string | undefined {
  const { scheme, value } =
    /^(?<scheme>Basic|Bearer) +(?<value>[A-Za-z0-9+/=._~-]+)$/i.exec(header ?? '')?.groups ?? {};
  if (value === undefined) return undefined;
  if (scheme?.toLowerCase() === 'bearer') return value;
  const credentials = Buffer.from(value, 'base64').toString('latin1');
  const colon = credentials.indexOf(':');
  return colon === -1 ? undefined : credentials.slice(colon + 1);
}

/** Raw headers (name, value, name, …) without those of this hop. Connection itself stays, the HTTP client writes its own. */
export function cleaned(raw: readonly string[]): string[] {
  const pairs = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((word) => word.trim().toLowerCase()));
  // What frames the body is not for a client to take away.
  const dropped = new Set([...OF_THIS_HOP, ...named.filter((name) => !FRAMING.has(name))]);
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}

const FRAMING = new Set(['content-length', 'transfer-encoding', 'host', 'connection']);
