/** DER (X.690) as far as certificates and timestamps need it: what is written here is read by other people's parsers. */

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = minimal(BigInt(body.length));
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

/** A whole number's bytes, most significant first, at least one. */
function minimal(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

export const sequence = (...items: readonly Buffer[]): Buffer => tagged(0x30, ...items);
/** SET OF: DER orders its members by their bytes. */
export const setOf = (...items: readonly Buffer[]): Buffer => tagged(0x31, ...items.toSorted(Buffer.compare));
export const octets = (bytes: Buffer): Buffer => tagged(0x04, bytes);
export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8'));
/** `[number] EXPLICIT`. */
export const explicit = (number: number, item: Buffer): Buffer => tagged(0xa0 | number, item);
/** The same bytes under `[number] IMPLICIT`. */
export const implicit = (number: number, item: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0xa0 | number]), item.subarray(1)]);

/** A whole number that is not negative. */
export function integer(value: bigint | number): Buffer {
  const bytes = minimal(BigInt(value));
  return tagged(0x02, bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** An object identifier, from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(part: number): number[] {
  const digits = [part % 128];
  for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) | 0x80);
  return digits;
}

/** GeneralizedTime in whole seconds, as RFC 3161 wants it. */
export const generalizedTime = (at: Date): Buffer => tagged(0x18, Buffer.from(stamp(at)));
/** UTCTime, as signed attributes have it until 2049. */
export const utcTime = (at: Date): Buffer => tagged(0x17, Buffer.from(stamp(at).slice(2)));

function stamp(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}

/** One element of a DER text. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

/** The elements that stand one behind the other in `bytes`. Throws RangeError where they do not end with them. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, end } = extent(bytes, at);
    found.push({ tag: bytes[at]!, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function extent(bytes: Buffer, at: number): { start: number; end: number } {
  const first = bytes[at + 1];
  if (first === undefined) throw new RangeError('DER ends within an element');
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (extra > 4 || at + 2 + extra > bytes.length) throw new RangeError('DER has a length that it cannot have');
  const length = extra === 0 ? first : bytes.readUIntBE(at + 2, extra);
  const start = at + 2 + extra;
  if (start + length > bytes.length) throw new RangeError('DER ends within an element');
  return { start, end: start + length };
}
