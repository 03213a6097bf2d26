import type { ChangedFile } from './change.ts';
import { builtIn, type Finding } from './grade.ts';

const SUBMODULE = '160000';
const SYMLINK = '120000';
const POINTER = 'version https://git-lfs.github.com/spec/';
/** Characters of a path, and of one name in it: what file systems take, and short enough to be looked at in any way. */
const LONGEST_PATH = 1_024;
const LONGEST_NAME = 255;

/** What no rule may grade, for it is not what its path says, or nobody can look at its path: T3. Asked before anything else looks at a file. */
export function oddity({ path, previousPath, oldMode, newMode, pointer, content }: ChangedFile): Finding | null {
  if (isLong(path) || (previousPath !== null && isLong(previousPath)))
    return builtIn('long-name', 'T3', null, `A file has a name of ${path.length} characters, which nobody can read.`);
  const t3 = (name: string, what: string) => builtIn(name, 'T3', path, `${path} ${what}`);
  if (oldMode === SUBMODULE || newMode === SUBMODULE)
    return t3('submodule', 'is a submodule: what it brings is not in the change.');
  if (oldMode === SYMLINK || newMode === SYMLINK)
    return t3('symlink', 'is a symbolic link: what it stands for is elsewhere.');
  if (oldMode !== null && newMode !== null && oldMode !== newMode)
    return t3('mode', `changes its mode from ${oldMode} to ${newMode}.`);
  if (oldMode === null && newMode === null) return t3('mode', 'has no known mode.');
  if (pointer === true || (typeof content === 'object' && (isPointer(content.before) || isPointer(content.after))))
    return t3('lfs-pointer', 'is a pointer of Git LFS: its content is not in the change.');
  if (isStrange(path) || (previousPath !== null && isStrange(previousPath)))
    return t3('strange-name', 'has a name that cannot be shown as it is.');
  return null;
}

function isPointer(text: string | null): boolean {
  return text?.startsWith(POINTER) === true;
}

/** Whether a name can be looked at and shown: neither too long, nor of characters that hide what it is. */
export function isReadable(path: string): boolean {
  return !isLong(path) && !isStrange(path);
}

function isLong(path: string): boolean {
  return path.length > LONGEST_PATH || (path.length > LONGEST_NAME && path.split('/').some(hasLongName));
}

function hasLongName({ length }: string): boolean {
  return length > LONGEST_NAME;
}

/** Nearly all names: nothing that hides, and no dot or space where it matters. */
const ORDINARY = /^\.?[\w-]+(?:\.[\w-]+)*(?:\/\.?[\w-]+(?:\.[\w-]+)*)*$/;
const PLAIN = /^[\x20-\x5b\x5d-\x7e]+$/;
/** Control and direction characters, those that show as nothing, and undecodable bytes. */
const HIDING = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}\ufffd\\]/u;
/** Names that are no path inside a repository, and those that some systems read without their last dot or space: another file's. */
const NO_PATH = /(?:^|\/)(?:\.{1,2}|)(?:\/|$)|[. ](?:\/|$)|(?:^|\/) /;

/** A backslash is another folder to some systems, and so is none of a name. */
function isStrange(path: string): boolean {
  if (ORDINARY.test(path)) return false;
  return path === '' || (!PLAIN.test(path) && HIDING.test(path)) || NO_PATH.test(path);
}
