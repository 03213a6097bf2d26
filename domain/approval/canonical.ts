import { ApprovalError } from './error.ts';

/**
 * The one text of a value (RFC 8785): keys in the order of their UTF-16 units, no space, numbers as ECMAScript writes them.
 * A member that is undefined is left out. Throws {@link ApprovalError} for what has no such text: a lone surrogate, a
 * number that is not finite, a value that JSON does not have.
 */
export function canonicalJSON(value: unknown): string {
  return write(value, '$');
}

function write(value: unknown, at: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value, at);
  if (typeof value === 'number') return number(value, at);
  if (Array.isArray(value)) return `[${value.map((item, index) => write(item, `${at}[${index}]`)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) return object(value as Record<string, unknown>, at);
  throw new ApprovalError('BadValue', `${at} is a ${typeof value}, which JSON does not have.`);
}

function text(value: string, at: string): string {
  if (!value.isWellFormed()) throw new ApprovalError('BadText', `${at} holds half of a surrogate pair.`);
  return JSON.stringify(value);
}

function number(value: number, at: string): string {
  if (!Number.isFinite(value)) throw new ApprovalError('BadNumber', `${at} is ${value}, which JSON does not have.`);
  return JSON.stringify(value);
}

function object(value: Record<string, unknown>, at: string): string {
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort(byUnits)
    .map((key) => `${text(key, `a key of ${at}`)}:${write(value[key], `${at}.${key}`)}`);
  return `{${members.join(',')}}`;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Orders strings by their UTF-16 units, whatever the language of the machine. */
export function byUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
