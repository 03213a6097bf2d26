/** For this hop alone, beside what Connection names (RFC 9110 section 7.6.1). */
const OF_THIS_HOP = new Set([
  'proxy-authorization',
  'proxy-connection',
  'proxy-authenticate',
  'keep-alive',
  'te',
  'upgrade',
]);

/** What frames the body and names the host is not for a client to take away. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'host', 'connection']);

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
  const named = valuesOf(raw, 'connection').flatMap((value) =>
    value.split(',').map((word) => word.trim().toLowerCase()),
  );
  const dropped = new Set([...OF_THIS_HOP, ...named.filter((name) => !FRAMING.has(name))]);
  return pairsOf(raw)
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .flat();
}

/** Every value of a header, in order; `name` in lower case. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  return pairsOf(raw).flatMap(([word, value]) => (word.toLowerCase() === name ? [value] : []));
}

function pairsOf(raw: readonly string[]): (readonly [name: string, value: string])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
}
