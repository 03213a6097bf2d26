import { posix } from 'node:path';
import type { Rule } from '../judge.ts';
import { isBelow, meanings } from '../paths.ts';
import type { Invocation } from '../script.ts';
import type { Arg, Place } from '../words.ts';

const IN_HOME = [
  '.ssh',
  '.aws',
  '.azure',
  '.gnupg',
  '.kube',
  '.docker',
  '.netrc',
  '.git-credentials',
  '.npmrc',
  '.pypirc',
  '.config/gcloud',
  '.config/gh',
  '.config/rig',
  '.claude',
  '.codex',
  '.password-store',
  '.vault-token',
  'Library/Keychains',
];
const ANYWHERE =
  /^(\/etc\/(shadow|gshadow|sudoers|ssl\/private|kubernetes)(-|\b)|\/(var\/)?run\/secrets\b|\/root\/|\/proc\/(\*|[^/]*\d[^/]*|self|thread-self|\$\$)\/(environ|mem|maps|fd|cwd|root|cmdline|map_files)\b|\/proc\/(\d+|\*)|\/dev\/(mem|kmem)$)/;
const HOMES = /^\/(home|Users)\/[^/]+\//;
const WATCHES = new Set([
  'ps',
  'top',
  'htop',
  'pgrep',
  'pidof',
  'lsof',
  'gdb',
  'lldb',
  'strace',
  'ltrace',
  'dtrace',
  'bpftrace',
  'perf',
  'gcore',
  'pkill',
  'killall',
  'skill',
  'security',
  'secret-tool',
  'pass',
  'gpg',
  'ssh-add',
  'ssh-agent',
  'keyctl',
]);

/** Credentials and other processes are nobody's business here, wherever a path is named. */
export const secrets: Rule = (command, place) => {
  const { name, args, redirects } = command;
  if (WATCHES.has(name)) return `${name} is refused: a task looks at no other process and no key store.`;
  if (
    name === 'kill' &&
    args.some(({ text }) => text !== undefined && /^(-1|0|1|-0)$/.test(text) && text !== args[0]?.text)
  )
    return 'kill of every process is refused: name the job you started.';
  const named = [...args, ...redirects.map(({ target }) => target)].flatMap(parts);
  const found = named.find((arg) => isSecret(arg, command, place));
  return found ? `Reading ${found.raw} is refused: it may hold credentials or belong to another process.` : undefined;
};

/** An argument may carry its path behind `=`, `@` or a one-letter option. */
function parts(arg: Arg): Arg[] {
  const { text, raw } = arg;
  if (text === undefined) return [arg];
  const behind = text.split(/[=@,:]/).slice(1);
  const option = /^-[A-Za-z](\/.+|~.+)$/.exec(text)?.[1];
  return [
    arg,
    ...[...behind, option].filter((part) => part !== undefined && part !== '').map((part) => ({ raw, text: part })),
  ];
}

function isSecret(arg: Arg, command: Invocation, place: Place): boolean {
  if (arg.text === undefined)
    return /\.ssh\b|\.aws\b|\.netrc|\/environ\b|\/run\/secrets|id_(rsa|ed25519)/.test(arg.raw);
  const known = meanings(arg, command) ?? [];
  return known.some((path) => secretPath(path, place));
}

function secretPath(path: string, place: Place): boolean {
  if (isBelow(path, place.root) || path === place.root) return false;
  if (ANYWHERE.test(path)) return !isBelow(path, place.home) && path !== place.home;
  if (
    (place.secrets ?? []).some((secret) => path === secret || isBelow(path, secret) || path === posix.dirname(secret))
  )
    return true;
  const inHome = isBelow(path, place.home) ? posix.relative(place.home, path) : path.replace(HOMES, '');
  return inHome !== path && IN_HOME.some((name) => inHome === name || inHome.startsWith(`${name}/`));
}
