import { eachBlob } from './blobs.ts';
import type { Git } from './change.ts';

/** What the bytes of one blob say of it. */
export interface Marks {
  readonly pointer: boolean;
  readonly manifest: boolean;
}

const MEBI = 1024 * 1024;
/** Bytes that are looked through for one change, and of one blob. */
const ALL = 128 * MEBI;
const ONE = 32 * MEBI;
/** A pointer of Git LFS is shorter, by its specification. */
const POINTER_BYTES = 1_024;
const POINTER = Buffer.from('version https://git-lfs.github.com/spec/');
/** How far git looks for a NUL before it takes a file for text. */
const TEXT_BYTES = 8_000;
/** Text of 16 bits, which readers of YAML take and git calls binary. */
const WIDE = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
/** The key as it is written, and by each way of YAML to write it otherwise: an escape, a broken line, a tag. */
const KEY = /apiVersion|\\(?:[xuU][0-9a-fA-F]|\r?\n)|!binary|tag:yaml|!\S{0,64}%|%TAG/;

/** Marks of every blob of the change. What is too long to be looked through may be anything. Throws GitError. */
export async function marksOf(git: Git, sizes: ReadonlyMap<string, number>): Promise<Map<string, Marks>> {
  const marks = new Map<string, Marks>();
  const readable: [string, number][] = [];
  let left = ALL;
  for (const [id, size] of sizes)
    if (size <= ONE && size <= left) {
      readable.push([id, size]);
      left -= size;
    } else marks.set(id, { pointer: false, manifest: true });
  await eachBlob(git, readable, (id, bytes) => marks.set(id, marksIn(bytes)));
  return marks;
}

/** Whether a text, or a part of it, may be of a manifest: told roughly, and of every way to write one. */
export function hintsAtManifest(text: string): boolean {
  return KEY.test(text);
}

function marksIn(bytes: Buffer): Marks {
  const pointer = bytes.length < POINTER_BYTES && bytes.subarray(0, POINTER.length).equals(POINTER);
  if (WIDE.some((mark) => bytes.subarray(0, 2).equals(mark))) return { pointer, manifest: true };
  if (bytes.subarray(0, TEXT_BYTES).includes(0)) return { pointer, manifest: false };
  return { pointer, manifest: hintsAtManifest(bytes.toString('latin1')) };
}
