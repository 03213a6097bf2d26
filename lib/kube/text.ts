const CUT = '…';

/** Control characters but tab and line feed, and those that turn the direction of what follows: a text that holds them reads otherwise than it is. */
const UNSEEN = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The text as people may be shown it, whoever wrote parts of it: well-formed, and without what moves a cursor or turns a line around. */
export function legible(text: string): string {
  return text.toWellFormed().replace(UNSEEN, '');
}

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

/**
 * JSON that reads alike as YAML, which is what the API server takes an apply for: YAML refuses some characters that JSON leaves as they are,
 * and folds others into spaces.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
