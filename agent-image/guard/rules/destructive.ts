import type { Rule } from '../judge.ts';
import { hasFlag, isWithin, operands, staysInside } from '../paths.ts';
import type { Invocation } from '../script.ts';
import type { Place } from '../words.ts';

const DISK =
  /^(mkfs(\..+)?|mke2fs|fdisk|sfdisk|cfdisk|parted|wipefs|blkdiscard|hdparm|losetup|mount|umount|swapon|swapoff|cryptsetup|lvremove|vgremove|pvremove|zpool|diskutil)$/;
const HARMLESS_DEVICE = /^\/dev\/(null|zero|full|random|urandom|stdin|stdout|stderr|tty|fd(\/\d+)?)$/;
const CHANGES_MODE = new Set(['chmod', 'chown', 'chgrp', 'setfacl', 'chattr']);
const DATABASES = new Set([
  'psql',
  'mysql',
  'mariadb',
  'sqlite3',
  'sqlcmd',
  'sqlplus',
  'mongosh',
  'mongo',
  'cockroach',
  'clickhouse-client',
  'duckdb',
  'cqlsh',
]);
const DROPS =
  /\b(drop\s+(table|database|schema|view|role|user|index|owned|column|keyspace)|truncate\b|dropDatabase|\.drop\()/i;

/** What is deleted, overwritten or opened to all stays inside the worktree. */
export const destructive: Rule = (command, place) =>
  deletes(command, place) ?? writesDisk(command) ?? changesMode(command, place) ?? dropsData(command);

function deletes(command: Invocation, place: Place): string | undefined {
  const { name, args } = command;
  if (name !== 'rm' && name !== 'rimraf' && name !== 'trash' && name !== 'shred') return undefined;
  if (
    name === 'rm' &&
    !hasFlag(args, 'rR', '--recursive') &&
    !args.some((arg) => arg.text === undefined && /^\$|^`/.test(arg.raw))
  )
    return undefined;
  const outside = operands(args).find((arg) => !staysInside(arg, command, place));
  return outside === undefined
    ? undefined
    : `${name} of ${outside.raw} is refused: a recursive delete must name paths inside the worktree in plain text, and never the worktree itself or its .git.`;
}

function writesDisk({ name, args, redirects }: Invocation): string | undefined {
  if (DISK.test(name)) return `${name} is refused: it works on disks and file systems.`;
  const device = (text: string | undefined) =>
    text?.startsWith('/dev/') && !HARMLESS_DEVICE.test(text) && !text.startsWith('/dev/shm/');
  const target =
    name === 'dd'
      ? args.find(({ text, raw }) => raw.startsWith('of=') && (text === undefined || device(text.slice(3))))
      : undefined;
  const written = ['tee', 'cp', 'mv', 'shred', 'truncate'].includes(name)
    ? args.find((arg) => device(arg.text))
    : undefined;
  const redirected = redirects.find(({ operator, target: { text } }) => operator.includes('>') && device(text))?.target;
  const found = target ?? written ?? redirected;
  return found === undefined ? undefined : `Writing to ${found.raw} is refused: it is a device.`;
}

function changesMode(command: Invocation, place: Place): string | undefined {
  const { name, args } = command;
  if (!CHANGES_MODE.has(name)) return undefined;
  const open = args.find(
    (arg) =>
      /^0*[0-7]?777$|^(a|o|ugo)?[+=][rxst]*w|^[augo,=+rwx]*[oa][+=][rxst]*w/.test(arg.text ?? '') &&
      name === 'chmod' &&
      !/^\+/.test(arg.text ?? ''),
  );
  if (open) return `chmod ${open.raw} is refused: it opens files to every user; grant what is needed only.`;
  if (!hasFlag(args, 'R', '--recursive')) return undefined;
  const outside = operands(args)
    .slice(1)
    .find((arg) => !isWithin(arg, command, place));
  return outside ? `${name} -R on ${outside.raw} is refused: it lies outside the worktree.` : undefined;
}

function dropsData({ name, source }: Invocation): string | undefined {
  if (name === 'dropdb' || name === 'dropuser') return `${name} is refused: it destroys data.`;
  if (DATABASES.has(name) && DROPS.test(source))
    return `${name} with DROP or TRUNCATE is refused: it destroys data; a migration in the repository is the way.`;
  return undefined;
}
