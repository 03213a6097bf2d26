import { type ParsedDelivery, parseDelivery } from '#lib/forge';
import type { NamedRepository } from './owners.ts';

export type IntakeErrorCode = 'NotJSON' | 'TooManyValues' | 'NoRepository' | 'Busy';

/** A delivery whose body cannot be read; see `code`. */
export class IntakeError extends Error {
  override readonly name = 'IntakeError';
  readonly code: IntakeErrorCode;

  constructor(code: IntakeErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Of all values in one body. A push of 2,048 commits has some 60,000; what memory and time a parse takes follows from them. */
export const MAX_VALUES = 1_000_000;

/**
 * The repository that a delivery is about, or null for one about an organization, an App or an account. Throws IntakeError: NotJSON for
 * what is no JSON object, TooManyValues, NoRepository for one that is named without a number.
 */
export function readEnvelope(body: Uint8Array): NamedRepository | null {
  const payload = readObject(body);
  const { repository } = payload as { repository?: { id?: unknown; full_name?: unknown } | null };
  if (repository === undefined || repository === null) return null;
  const { id, full_name: fullName } = repository;
  if (!Number.isSafeInteger(id) || typeof fullName !== 'string')
    throw new IntakeError('NoRepository', 'The delivery names a repository without its number and full name.');
  const [owner = '', name = ''] = fullName.slice(0, 256).split('/');
  return { id: id as number, owner, name };
}

/** What follows from a stored body, see `parseDelivery`. */
export function readDelivery(event: string, body: Uint8Array): ParsedDelivery {
  return parseDelivery(event, readObject(body));
}

function readObject(body: Uint8Array): object {
  if (countValues(body, MAX_VALUES) > MAX_VALUES)
    throw new IntakeError(
      'TooManyValues',
      `The body holds more than ${MAX_VALUES} values; no delivery of a forge does.`,
    );
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new IntakeError('NotJSON', 'The body is not JSON.', { cause });
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    throw new IntakeError('NotJSON', 'The body is not a JSON object.');
  return payload;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** How many values a JSON text has at most, without building any: what opens or separates them outside of strings. Stops past `limit`. */
export function countValues(body: Uint8Array, limit: number): number {
  let count = 1;
  for (let i = 0; i < body.length && count <= limit; i++) {
    const byte = body[i];
    if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
    else if (byte === QUOTE) i = endOfString(body, i + 1);
  }
  return count;
}

/** Index of the quote that ends the string whose first character is at `from`; the body's length where none does. */
function endOfString(body: Uint8Array, from: number): number {
  for (let end = body.indexOf(QUOTE, from); end >= 0; end = body.indexOf(QUOTE, end + 1)) {
    let slashes = 0;
    while (end - slashes > from && body[end - slashes - 1] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return body.length;
}
