import { createHash } from 'node:crypto';

/** Numbers that depend on a seed alone. */
export interface Random {
  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
  /** The same items in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** The generator of `seed`: two of one seed give the same numbers in the same order, on every machine. */
export function randomOf(seed: string): Random {
  let drawn = 0;
  /** From 0 (included) to 1. */
  const next = (): number => {
    const digest = createHash('sha256').update(`${seed}\0${drawn++}`).digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  };
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    int,
    pick: (from) => from[int(0, from.length - 1)]!,
    shuffle: (items) =>
      items
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
  };
}
