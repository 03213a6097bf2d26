const hashLength = 10;
const labelMax = 63;

/**
 * A name for what is derived from `parts`: a DNS label (RFC 1123) of at most `maxLength` characters, which is 63 less
 * whatever suffix the caller adds. The same parts always give the same name. Where parts are already clean and short
 * the name is the parts joined by `-`; a name that was cut or had characters replaced ends in a hash of the parts, so
 * that different parts keep different names. Throws RangeError when maxLength leaves no room for the hash.
 */
export function childName(parts: readonly (string | number)[], { maxLength = labelMax } = {}): string {
  if (maxLength < hashLength + 2 || maxLength > labelMax) {
    throw new RangeError(`maxLength of a child name must be from ${hashLength + 2} to ${labelMax}, not ${maxLength}`);
  }
  const wanted = parts.join('-');
  const clean = trimDashes(wanted.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-'));
  if (clean === wanted && clean !== '' && clean.length <= maxLength) return clean;
  const kept = trimDashes(clean.slice(0, maxLength - hashLength - 1));
  const hash = shortHash(JSON.stringify(parts.map(String)));
  return kept === '' ? hash : `${kept}-${hash}`;
}

function trimDashes(text: string): string {
  return text.replaceAll(/^-+|-+$/g, '');
}

/** FNV-1a over UTF-16 code units, 64 bits: short, and without an import, because rules use this too. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(36).padStart(13, '0').slice(-hashLength);
}
