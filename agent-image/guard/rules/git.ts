import type { Rule } from '../judge.ts';
import { hasFlag, isWithin } from '../paths.ts';
import type { Invocation } from '../script.ts';
import type { Arg, Place } from '../words.ts';

const VALUED = new Set([
  '-C',
  '-c',
  '--git-dir',
  '--work-tree',
  '--namespace',
  '--exec-path',
  '--config-env',
  '--super-prefix',
]);

/** Git works on the worktree alone and sends nothing anywhere: delivery is the runtime's. */
export const git: Rule = (command, place) => {
  if (command.name === 'gh' || command.name === 'glab' || command.name === 'hub')
    return `${command.name} is refused: pull requests and comments go through the tools of this task.`;
  if (/^git-(push|send-pack|remote|receive-pack)/.test(command.name)) return pushed();
  if (command.name !== 'git') return undefined;
  const { options, verb, rest, unknown } = split(command.args);
  if (unknown) return `git ${unknown.raw} is refused: its command is computed.`;
  if (
    options.some(({ value }) =>
      /^(alias\.|core\.(sshcommand|hookspath|fsmonitor|pager|editor)|credential|http\.|url\.)/i.test(
        value.text ?? 'alias.',
      ),
    ) &&
    options.some(({ name }) => name === '-c' || name === '--config-env')
  )
    return 'git -c with an alias, a program, or a server setting is refused: it hides what git runs.';
  return judged(command, place, options, verb, rest);
};

interface Option {
  readonly name: string;
  readonly value: Arg;
}

function judged(command: Invocation, place: Place, options: readonly Option[], verb: string, rest: readonly Arg[]) {
  if (['push', 'send-pack', 'send-email', 'svn', 'p4'].includes(verb)) return pushed();
  if (
    verb === 'remote' &&
    rest.some(({ text }) => text === undefined || ['add', 'set-url', 'rename', 'remove', 'rm'].includes(text))
  )
    return "git remote is refused: the remotes of the worktree are the runtime's.";
  if (
    verb === 'config' &&
    rest.some(
      ({ text }) =>
        text === undefined ||
        /^(alias\.|core\.(sshcommand|hookspath|fsmonitor)|credential|http\.|url\.|filter\.|--global$|--system$)/i.test(
          text,
        ),
    )
  )
    return 'git config of programs, servers, aliases, or beyond this repository is refused.';
  const elsewhere = options.find(({ name, value }) => name !== '-c' && !isWithin(value, command, place));
  const away =
    elsewhere !== undefined ||
    command.folders.some((folder) => folder === undefined || !isWithin({ raw: folder, text: folder }, command, place));
  if (!away) return undefined;
  if (verb === 'reset' && hasFlag(rest, '', '--hard')) return 'git reset --hard is refused outside the worktree.';
  if (verb === 'clean' && hasFlag(rest, 'fx', '--force')) return 'git clean -f is refused outside the worktree.';
  if ((verb === 'checkout' || verb === 'restore' || verb === 'switch') && elsewhere)
    return `git ${verb} is refused outside the worktree.`;
  return undefined;
}

function split(args: readonly Arg[]): { options: Option[]; verb: string; rest: Arg[]; unknown: Arg | undefined } {
  const options: Option[] = [];
  let at = 0;
  for (; at < args.length; at++) {
    const { text, raw } = args[at] as Arg;
    if (text === undefined) return { options, verb: '', rest: [], unknown: { raw, text } };
    if (!text.startsWith('-')) break;
    const [name = '', ...value] = text.split('=');
    if (VALUED.has(name)) {
      const given = value.length > 0 ? { raw, text: value.join('=') } : args[++at];
      if (given) options.push({ name, value: given });
    }
  }
  return { options, verb: args[at]?.text ?? '', rest: args.slice(at + 1), unknown: undefined };
}

function pushed(): string {
  return 'git push is refused: when the work is done, the runtime pushes the one branch of this task.';
}
