import { parseSync } from '@swc/core';

/** A node of a syntax tree, as far as a walk needs it. */
export interface Node {
  readonly type: string;
  /** Missing on a few; their children have one. */
  readonly span: { readonly start: number; readonly end: number };
  // biome-ignore lint/suspicious/noExplicitAny: each type has its own shape
  readonly [key: string]: any;
}

/** A file's syntax tree, with the text and line of a node. */
export class Syntax {
  readonly #bytes: Buffer;
  readonly #program: Node;

  constructor(text: string) {
    // A program begins with its first token; with one put in front that is where the text begins.
    const marked = `;${text}`;
    this.#bytes = Buffer.from(marked);
    this.#program = parseSync(marked, { syntax: 'typescript', target: 'es2022' }) as unknown as Node;
  }

  /** Calls `visit` for every node with those around it, the innermost last. */
  walk(visit: (node: Node, around: readonly Node[]) => void): void {
    const step = (value: unknown, around: readonly Node[]): void => {
      if (typeof value !== 'object' || value === null) return;
      const isNode = typeof (value as Node).type === 'string';
      if (isNode) visit(value as Node, around);
      const within = isNode ? [...around, value as Node] : around;
      for (const child of Object.values(value)) step(child, within);
    };
    step(this.#program.body, []);
  }

  /** Positions are bytes, and go on from one parse of this process to the next. */
  textOf({ span }: Node): string {
    return this.#bytes.subarray(span.start - this.#base, span.end - this.#base).toString();
  }

  lineOf({ span }: Node): number {
    return this.#bytes
      .subarray(0, span.start - this.#base)
      .toString()
      .split('\n').length;
  }

  get #base(): number {
    return this.#program.span.start;
  }
}
