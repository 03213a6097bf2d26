const CUT = '…';

/**
 * At most `limit` UTF-16 units of `text`, ending in … where it was longer; never half a character. What a CRD's maxLength bounds are
 * characters, of which there are never more.
 */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit - CUT.length).replace(/[\uD800-\uDBFF]$/, '')}${CUT}`;
}

/** At most `limit` bytes of UTF-8, ending in … where it was longer; never half a character. */
export function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit - Buffer.byteLength(CUT);
  // A byte 10xxxxxx goes on with the character before it.
  while (end > 0 && (bytes[end]! & 0b1100_0000) === 0b1000_0000) end -= 1;
  return `${bytes.toString('utf8', 0, end)}${CUT}`;
}
