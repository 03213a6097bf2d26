import { posix } from 'node:path';
import type { Invocation } from './script.ts';
import type { Arg, Place } from './words.ts';

/** Every absolute path `arg` may mean, by the folders the command may start in; undefined where that is not known. */
export function meanings(arg: Arg, command: Invocation): string[] | undefined {
  const { text } = arg;
  if (text === undefined) return undefined;
  if (text.startsWith('/')) return [posix.resolve(text)];
  if (command.folders.includes(undefined)) return undefined;
  return command.folders.map((folder) => posix.resolve(folder as string, text));
}

export function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** True only where every meaning lies strictly inside the worktree and not in its `.git`. */
export function staysInside(arg: Arg, command: Invocation, place: Place): boolean {
  const paths = meanings(arg, command);
  const git = posix.join(place.root, '.git');
  return (
    paths?.every(
      (path) => isBelow(path, place.root) && path.toLowerCase() !== git && !isBelow(path.toLowerCase(), git),
    ) ?? false
  );
}

/** True only where every meaning is the worktree or lies inside it. */
export function isWithin(arg: Arg, command: Invocation, place: Place): boolean {
  return meanings(arg, command)?.every((path) => path === place.root || isBelow(path, place.root)) ?? false;
}

export function operands(args: readonly Arg[]): Arg[] {
  const end = args.findIndex((arg) => arg.text === '--');
  const before = (end < 0 ? args : args.slice(0, end)).filter((arg) => !(arg.text ?? '').startsWith('-'));
  return end < 0 ? before : [...before, ...args.slice(end + 1)];
}

/** Whether a short flag (also inside a cluster such as `-rf`) or a long option is given. */
export function hasFlag(args: readonly Arg[], short: string, ...long: string[]): boolean {
  const end = args.findIndex((arg) => arg.text === '--');
  return (end < 0 ? args : args.slice(0, end)).some(({ text = '' }) => {
    if (text.startsWith('--'))
      return text.length > 3 && long.some((option) => option.startsWith(text.split('=')[0] as string));
    return text.startsWith('-') && [...short].some((letter) => text.slice(1).includes(letter));
  });
}
