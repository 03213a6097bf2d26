import type { OpenedBundle, UnopenedBundle } from '#domain';

const MOST = 4_096;
/** Characters of statements: a merge of thousands of files has a long one. */
const MOST_TEXT = 32 * 1_024 * 1_024;

/** What opening bundles has said, so that each costs its signatures once; those that do not open too, since anybody may file them. */
export class OpenedBundles {
  readonly #known = new Map<string, OpenedBundle | UnopenedBundle>();
  #text = 0;

  /** What `open` answered under this name. The oldest are forgotten where there are too many. */
  of(name: string, open: () => OpenedBundle | UnopenedBundle): OpenedBundle | UnopenedBundle {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const opened = open();
    this.#known.set(name, opened);
    this.#text += lengthOf(opened);
    for (const [oldest, one] of this.#known) {
      if (this.#known.size <= MOST && this.#text <= MOST_TEXT) break;
      this.#known.delete(oldest);
      this.#text -= lengthOf(one);
    }
    return opened;
  }
}

function lengthOf(opened: OpenedBundle | UnopenedBundle): number {
  return 'refused' in opened ? opened.message.length : opened.payload.length;
}
