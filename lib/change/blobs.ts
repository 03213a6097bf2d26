import type { Git } from './change.ts';

const MEBI = 1024 * 1024;
/** Bytes of what git says of ids; a line each, of some hundred thousand. */
const LISTED = 32 * MEBI;
/** Bytes that are read at once. */
const AT_ONCE = 16 * MEBI;
/** Bytes of what stands around each text. */
const HEADER = 128;

/** Bytes of every blob among the ids; what is no blob here, as a submodule's commit, is left out. Throws GitError. */
export async function sizesOf(git: Git, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const told = await git(['cat-file', '--batch-check'], { input: lines(ids), outputMax: LISTED });
  return new Map(
    told
      .toString('utf8')
      .split('\n')
      .flatMap((line): [string, number][] => {
        const [id, type, size] = line.split(' ');
        return type === 'blob' ? [[id!, Number(size)]] : [];
      }),
  );
}

/** Hands the bytes of each blob to `see`, some mebibytes at a time. Throws GitError. */
export async function eachBlob(
  git: Git,
  blobs: readonly (readonly [id: string, size: number])[],
  see: (id: string, bytes: Buffer) => void,
): Promise<void> {
  for (const some of portions(blobs)) {
    const outputMax = some.reduce((sum, [, size]) => sum + size + HEADER, 0);
    const said = await git(['cat-file', '--batch'], { input: lines(some.map(([id]) => id)), outputMax });
    let at = 0;
    while (at < said.length) {
      const end = said.indexOf(0x0a, at);
      const [id, type, size] = said.toString('latin1', at, end).split(' ');
      if (end < 0 || type !== 'blob') break;
      const [from, to] = [end + 1, end + 1 + Number(size)];
      see(id!, said.subarray(from, to));
      at = to + 1;
    }
  }
}

function portions(blobs: readonly (readonly [string, number])[]): (readonly [string, number])[][] {
  const all: (readonly [string, number])[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const blob of blobs) {
    if (bytes + blob[1] > AT_ONCE) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(blob);
    bytes += blob[1];
  }
  return all;
}

function lines(ids: readonly string[]): Buffer {
  return Buffer.from(ids.map((id) => `${id}\n`).join(''));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes as text; null where they are none. */
export function decoded(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
