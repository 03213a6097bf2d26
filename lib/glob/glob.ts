import { expandBraces } from './braces.ts';
import { PathIndex } from './paths.ts';
import { shapeOf } from './shape.ts';

/**
 * One test for a list of globs, true where any of them matches the whole path. `*` and `?` stay between slashes and match a leading dot too, `**` as a
 * segment of its own crosses them (none too, but for a last one, which takes at least a name), `{a,b}` and `[a-z]`, `[!a-z]` are as in a shell, a backslash takes the next character as it is. Case counts.
 * A test takes at most the length of the path times that of the pattern: no glob, however it is made, and no path makes it take longer.
 * Throws {@link GlobError}.
 */
export function compileGlobs(patterns: readonly string[]): (path: string) => boolean {
  const index = indexOf([patterns], 1_000);
  return (path) => index.placesOf(path).length > 0;
}

/**
 * Many lists of globs asked at once: answers the places of those that match, in order. What they ask of a folder, and of the ending of the names in it, is
 * worked out once and remembered; of a path only its name is asked then. Otherwise as {@link compileGlobs}. One answer may stand for many paths.
 */
export function indexGlobs(lists: readonly (readonly string[])[]): (path: string) => readonly number[] {
  const index = indexOf(lists, 20_000);
  return (path) => index.placesOf(path);
}

/** `folders`: so many are remembered. */
function indexOf(lists: readonly (readonly string[])[], folders: number): PathIndex {
  const index = new PathIndex(folders);
  for (const [at, patterns] of lists.entries())
    for (const pattern of patterns) for (const plain of expandBraces(pattern)) index.add(shapeOf(plain, pattern), at);
  return index;
}
