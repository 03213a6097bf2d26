import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

const TYPES = { commit: 1, tree: 2, blob: 3, refDelta: 7 } as const;
/** Most that one copy instruction of a delta yields. */
const COPY_MAX = 0xffffff;

/** One object of a pack, as git's pack format has it: its size in 4 bits and then groups of 7, then its zlib stream. */
export function packed(type: keyof typeof TYPES, body: Buffer, base?: string): Buffer {
  const head: number[] = [];
  let size = body.length;
  let byte = (TYPES[type] << 4) | (size & 15);
  for (size = Math.floor(size / 16); size > 0; size = Math.floor(size / 128)) {
    head.push(byte | 0x80);
    byte = size & 0x7f;
  }
  head.push(byte);
  return Buffer.concat([Buffer.from(head), Buffer.from(base ?? '', 'hex'), deflateSync(body)]);
}

/** A whole pack with its checksum; `count` as its head claims. */
export function packOf(objects: readonly Buffer[], count = objects.length): Buffer {
  const head = Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1');
  head.writeUInt32BE(count, 8);
  const body = Buffer.concat([head, ...objects]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** A pack of a few kilobytes whose one delta unpacks to `bytes`. */
export function deltaBomb(bytes: number): Buffer {
  const base = Buffer.alloc(COPY_MAX);
  const sha = createHash('sha1').update(`blob ${base.length}\0`).update(base).digest('hex');
  const copies = Math.ceil(bytes / COPY_MAX);
  const copy = Buffer.from([0x80 | 0x70, 0xff, 0xff, 0xff]);
  const delta = Buffer.concat([varint(base.length), varint(copies * COPY_MAX), ...Array(copies).fill(copy)]);
  return packOf([packed('blob', base), packed('refDelta', delta, sha)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}
