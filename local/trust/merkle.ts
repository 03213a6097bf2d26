import { createHash } from 'node:crypto';

/** Hashes of a log's tree (RFC 6962, section 2). */
export function leafHash(body: Buffer): Buffer {
  return sha256(Buffer.from([0]), body);
}

/** The root over the leaves' hashes; of none, the hash of nothing. */
export function rootHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  const split = largestPower(leaves.length);
  return node(rootHash(leaves.slice(0, split)), rootHash(leaves.slice(split)));
}

/** The hashes that lead from a leaf to the root, lowest first. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return [];
  const split = largestPower(leaves.length);
  return index < split
    ? [...inclusionProof(leaves.slice(0, split), index), rootHash(leaves.slice(split))]
    : [...inclusionProof(leaves.slice(split), index - split), rootHash(leaves.slice(0, split))];
}

function node(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.from([1]), left, right);
}

/** The largest power of two that is smaller than `size`. */
function largestPower(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
