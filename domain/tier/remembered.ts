const REMEMBERED = 50_000;
/** Characters of a path that is worth remembering. */
const USUAL = 256;

/**
 * The same function of a path, which remembers what it answered lately: a change is asked for its texts before it is graded, and changes of one
 * repository have paths in common. `ask` has to answer the same whenever it is asked.
 */
export function remembered<T extends object | boolean>(ask: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    if (known.size >= REMEMBERED) known.clear();
    const told = ask(path);
    if (path.length <= USUAL) known.set(path, told);
    return told;
  };
}
