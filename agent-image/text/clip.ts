/** Keeps the head and the tail of a text that may be endless, so that memory stays bounded. `limit` counts UTF-16 units. */
export class Clipper {
  readonly #half: number;
  #head = '';
  #tail = '';
  #length = 0;

  constructor(limit: number) {
    this.#half = Math.floor(limit / 2);
  }

  push(text: string): void {
    this.#length += text.length;
    const room = this.#half - this.#head.length;
    this.#head += text.slice(0, room);
    if (text.length > room) this.#tail = (this.#tail + text.slice(room)).slice(-this.#half);
  }

  toString(): string {
    const cut = this.#length - this.#head.length - this.#tail.length;
    return cut <= 0 ? this.#head + this.#tail : `${this.#head}\n… ${cut} characters left out …\n${this.#tail}`;
  }
}

/** `text` where it fits into `limit`, else its head and its tail with a line that says how much is missing between. */
export function clipped(text: string, limit: number): string {
  const clipper = new Clipper(limit);
  clipper.push(text);
  return clipper.toString();
}
