import { ForgeError } from './error.ts';

/** A JSON object from the forge: nothing in it is trusted before one of the readers below has read it. */
export type Untrusted = Readonly<Record<string, unknown>>;

const LINE_LIMIT = 1024;
const PROSE_LIMIT = 262_144;
const SHA = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const ZONED = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)? ?(Z|UTC|[+-]\d\d:?\d\d)$/;

/** The object under `key`, or `value` itself. Throws Malformed where there is none. */
export function object(value: unknown, what: string): Untrusted {
  if (!isObject(value)) throw malformed(what, 'an object');
  return value;
}

export function isObject(value: unknown): value is Untrusted {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or null where the forge sent null, nothing or something else. */
export function objectOrNull(value: unknown): Untrusted | null {
  return isObject(value) ? value : null;
}

/** The list's objects; what is no object (GitHub's null nodes) is left out. At most `limit`. */
export function objects(value: unknown, limit = 10_000): Untrusted[] {
  return Array.isArray(value) ? value.slice(0, limit).filter(isObject) : [];
}

/** A safe non-negative integer, also from its decimal text (GraphQL's BigInt). Throws Malformed. */
export function integer(value: unknown, what: string): number {
  const read = integerOrNull(value);
  if (read === null) throw malformed(what, 'a whole number');
  return read;
}

export function integerOrNull(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : null;
}

/** The number of an issue or a pull request. Throws Malformed, also for one beyond 2,147,483,647: tables and objects hold no larger. */
export function issueNumber(value: unknown, what: string): number {
  const read = integerOrNull(value);
  if (read === null || read > 0x7fff_ffff) throw malformed(what, 'the number of an issue');
  return read;
}

/** A short text that identifies something: never cut, so too long is Malformed. Control characters are Malformed too. */
export function line(value: unknown, what: string, limit = LINE_LIMIT): string {
  if (typeof value !== 'string' || value === '' || value.length > limit || hasControl(value))
    throw malformed(what, `a line of 1 to ${limit} characters`);
  return value.toWellFormed();
}

export function lineOrNull(value: unknown, limit = LINE_LIMIT): string | null {
  return typeof value === 'string' && value !== '' && value.length <= limit && !hasControl(value)
    ? value.toWellFormed()
    : null;
}

/** The name of an account, as GitHub gives names: in any text it is one harmless word. Throws Malformed. */
export function login(value: unknown, what = 'login'): string {
  const read = loginOrNull(value);
  if (read === null) throw malformed(what, 'the name of an account');
  return read;
}

export function loginOrNull(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.-]{1,100}(\[bot\])?$/.test(value) ? value : null;
}

/**
 * A text people wrote: cut at `limit` UTF-16 units, NUL and lone surrogates replaced (neither PostgreSQL nor JSON consumers
 * take them). Missing is empty.
 */
export function prose(value: unknown, limit = PROSE_LIMIT): string {
  return typeof value === 'string' ? value.slice(0, limit).toWellFormed().replaceAll('\0', '\ufffd') : '';
}

/** A full commit id in lower case. Throws Malformed. */
export function commitSHA(value: unknown, what: string): string {
  const sha = commitSHAOrNull(value);
  if (sha === null) throw malformed(what, 'a full commit id');
  return sha;
}

export function commitSHAOrNull(value: unknown): string | null {
  return typeof value === 'string' && SHA.test(value) ? value : null;
}

/** A moment as RFC 3339 in UTC; GitHub also sends seconds since the epoch and offsets. Null for anything else. */
export function moment(value: unknown): string | null {
  const ms =
    typeof value === 'number' ? value * 1000 : typeof value === 'string' && ZONED.test(value) ? Date.parse(value) : NaN;
  if (!Number.isFinite(ms) || ms < 0 || ms > 253_402_300_799_999) return null;
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** A moment that must be there. Throws Malformed. */
export function requiredMoment(value: unknown, what: string): string {
  const read = moment(value);
  if (read === null) throw malformed(what, 'a moment (RFC 3339)');
  return read;
}

/** One of `choices`, compared in lower case. Throws Malformed: an unknown state is never guessed. */
export function choice<const T extends string>(value: unknown, choices: readonly T[], what: string): T {
  const found = choiceOrNull(value, choices);
  if (found === null) throw malformed(what, `one of ${choices.join(', ')}`);
  return found;
}

export function choiceOrNull<const T extends string>(value: unknown, choices: readonly T[]): T | null {
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  return choices.find((one) => one === text) ?? null;
}

export function malformed(what: string, expected: string): ForgeError {
  return new ForgeError('Malformed', `The forge's ${what} is not ${expected}; nothing was taken from this answer.`);
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}
