const HASH_A = 0x9e3779b1;
const HASH_B = 0x85ebca6b;
const HASH_C = 0xc2b2ae35;

/** States in the order in which they were met, each once: two strands, what may still be tried, and the state it was met from. 21 bytes each. */
export class States {
  size = 0;
  #first = new Int32Array(1 << 16);
  #second = new Int32Array(1 << 16);
  #left = new Int16Array(1 << 16);
  #from = new Int32Array(1 << 16);
  #table = new Int32Array(1 << 18).fill(-1);

  first(at: number): number {
    return this.#first[at]!;
  }

  second(at: number): number {
    return this.#second[at]!;
  }

  left(at: number): number {
    return this.#left[at]!;
  }

  /** The state it was first met from; -1 for the start. */
  from(at: number): number {
    return this.#from[at]!;
  }

  /** Where the state is, or -1. */
  find(first: number, second: number, left: number): number {
    return this.#table[this.#slot(first, second, left)]!;
  }

  /** Adds the state unless it is there; true when it was new. */
  add(first: number, second: number, left: number, from: number): boolean {
    let slot = this.#slot(first, second, left);
    if (this.#table[slot] !== -1) return false;
    if (this.size === this.#first.length) {
      this.#grow();
      slot = this.#slot(first, second, left);
    }
    this.#first[this.size] = first;
    this.#second[this.size] = second;
    this.#left[this.size] = left;
    this.#from[this.size] = from;
    this.#table[slot] = this.size;
    this.size += 1;
    return true;
  }

  #slot(first: number, second: number, left: number): number {
    const mask = this.#table.length - 1;
    let slot = (Math.imul(first, HASH_A) ^ Math.imul(second, HASH_B) ^ Math.imul(left, HASH_C)) >>> 0;
    slot = ((slot ^ (slot >>> 15)) * 5) & mask;
    for (;;) {
      const at = this.#table[slot]!;
      if (at === -1) return slot;
      if (this.#first[at] === first && this.#second[at] === second && this.#left[at] === left) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const length = this.#first.length * 2;
    this.#first = grown(this.#first, new Int32Array(length));
    this.#second = grown(this.#second, new Int32Array(length));
    this.#left = grown(this.#left, new Int16Array(length));
    this.#from = grown(this.#from, new Int32Array(length));
    this.#table = new Int32Array(length * 4).fill(-1);
    for (let at = 0; at < this.size; at += 1)
      this.#table[this.#slot(this.#first[at]!, this.#second[at]!, this.#left[at]!)] = at;
  }
}

function grown<T extends Int32Array | Int16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
