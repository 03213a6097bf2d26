/**
 * Paths that a list names, as sources of regular expressions that are asked in any case and without groups that capture. A name is a file's in any folder; with
 * a slash at its end it is a folder, and names everything below; a pair is a folder and what follows it. A slash at the beginning is the root of the repository.
 */
export type Listed = string | readonly [folder: string, rest: string];

/** What has no part that could stand for a slash: signs, escaped dots, groups, and sets of signs that are named. */
const NAME = /^(?:\\\.|[\w?:()|[\]])+$/;
const NONE: readonly number[] = [];

/**
 * Many lists asked at once: answers the places of those that name a path, in order. Nearly every path is told by its name and its folder: the lists are asked only
 * where one of these is in any of them.
 */
export function indexListed(lists: readonly (readonly Listed[])[]): (path: string) => readonly number[] {
  const all = lists.flat();
  const isNamed = anyOf(all.flatMap((one) => nameIn(one) ?? []));
  const isBelow = belowAny(all.flatMap((one) => (nameIn(one) === null ? folderIn(one) : [])));
  const asked = lists.map((list) => ({
    names: anyOf(list.filter(isPlain)),
    paths: anyOf(list.flatMap((one) => (isPlain(one) ? [] : pathOf(one)))),
  }));
  return (path) => {
    const begin = path.lastIndexOf('/') + 1;
    const name = path.slice(begin);
    if (!isNamed(name) && (begin === 0 || !isBelow(path.slice(0, begin)))) return NONE;
    return asked.flatMap(({ names, paths }, at) => (names(name) || paths(path) ? [at] : []));
  };
}

/** Whether it is a name in any folder. */
function isPlain(one: Listed): one is string {
  return typeof one === 'string' && !one.startsWith('/') && !one.endsWith('/');
}

/** What the name of every file is that it names; null where only its folder tells. */
function nameIn(one: Listed): string | null {
  if (typeof one !== 'string') return NAME.test(one[1]) ? one[1] : null;
  return one.endsWith('/') ? null : one.replace(/^\//, '');
}

/** The folder of every file that it names, with a slash at its end. */
function folderIn(one: Listed): string {
  return typeof one === 'string' ? one : `${one[0]}/`;
}

/** Its paths from the root. */
function pathOf(one: Listed): string {
  const [folder, rest] = typeof one !== 'string' ? [`${one[0]}/`, one[1]] : one.endsWith('/') ? [one, '.*'] : ['', one];
  const path = folder + rest;
  return path.startsWith('/') ? path.slice(1) : `${endingOf(rest)}(?:.*/)?${path}`;
}

/** The ending of every path below a folder, looked for once: without it each place of the folder in a path is the beginning of a search to its end. */
function endingOf(rest: string): string {
  return rest.startsWith('.*') && rest !== '.*' ? `(?=.*(?:${rest.slice(2)})$)` : '';
}

function belowAny(folders: readonly string[]): (folder: string) => boolean {
  const rooted = folders.flatMap((one) => (one.startsWith('/') ? [one.slice(1)] : []));
  const others = folders.filter((one) => !one.startsWith('/'));
  const sources = [
    rooted.length === 0 ? [] : [`^(?:${rooted.join('|')})`],
    others.length === 0 ? [] : [`(?:^|/)(?:${others.join('|')})`],
  ].flat();
  return tests(sources.join('|'), sources.length);
}

/** Whether one of these patterns matches the whole. */
function anyOf(patterns: readonly string[]): (text: string) => boolean {
  return tests(`^(?:${patterns.join('|')})$`, patterns.length);
}

function tests(source: string, patterns: number): (text: string) => boolean {
  if (patterns === 0) return () => false;
  const regexp = new RegExp(source, 'i');
  return (text) => regexp.test(text);
}
