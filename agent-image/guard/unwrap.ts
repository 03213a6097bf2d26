import { posix } from 'node:path';
import { type Invocation, invocations, Unclear } from './script.ts';
import type { Arg, Place } from './words.ts';

const MAX_DEPTH = 8;
const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash', 'mksh', 'rbash', 'fish', 'csh', 'tcsh']);

/** Commands that run the command in their arguments; the options named take a value of their own. */
const WRAPPERS: Readonly<Record<string, { readonly valued: RegExp; readonly skip?: number }>> = {
  env: { valued: /^-(u|C|-unset|-chdir)$/ },
  nice: { valued: /^-(n|-adjustment)$/ },
  ionice: { valued: /^-[cn]$/ },
  nohup: { valued: /^$/ },
  time: { valued: /^-[fo]$/ },
  timeout: { valued: /^-(k|s|-signal|-kill-after)$/, skip: 1 },
  setsid: { valued: /^$/ },
  stdbuf: { valued: /^-[ioe]$/ },
  command: { valued: /^$/ },
  builtin: { valued: /^$/ },
  exec: { valued: /^-a$/ },
  busybox: { valued: /^$/ },
  toybox: { valued: /^$/ },
  xargs: { valued: /^-[aEdILnPs]$/ },
  parallel: { valued: /^-[jIN]$/ },
  npx: { valued: /^-(p|-package)$/ },
  script: { valued: /^$/ },
};

/** The command itself and every command it would run in turn: behind `env`, `xargs`, `find -exec`, `bash -c`, `eval` and their kin. */
export function unwrapped(command: Invocation, place: Place, depth = 0): Invocation[] {
  if (depth > MAX_DEPTH) throw new Unclear('commands are wrapped in one another too deeply');
  const inner = innerCommands(command, place);
  return [command, ...inner.flatMap((each) => unwrapped(each, place, depth + 1))];
}

function innerCommands(command: Invocation, place: Place): Invocation[] {
  const { name } = command;
  if (SHELLS.has(name)) return shellScript(command, place);
  if (name === 'eval' || name === 'trap') return evaluated(command, place);
  if (name === 'find' || name === 'fd') return findActions(command);
  const wrapper = WRAPPERS[name];
  if (!wrapper) return [];
  const start = firstOperand(command.args, wrapper.valued, name) + (wrapper.skip ?? 0);
  const words = command.args.slice(start);
  return words.length === 0 ? [] : [renamed(command, words, name === 'xargs' || name === 'parallel')];
}

function firstOperand(args: readonly Arg[], valued: RegExp, name: string): number {
  for (let i = 0; i < args.length; i++) {
    const { text, raw } = args[i] as Arg;
    if (text === undefined) throw new Unclear(`what ${name} runs is computed: ${raw}`);
    if (name === 'env' && /^(-S|--split-string)/.test(text)) throw new Unclear('env -S hides what it runs');
    if (name === 'env' && /^\w+=/.test(text)) continue;
    if (text === '--') return i + 1;
    if (!text.startsWith('-') || text === '-') return i;
    if (valued.test(text)) i++;
  }
  return args.length;
}

/** `computed`: the command receives further arguments nobody can see here. */
function renamed(command: Invocation, words: readonly Arg[], computed: boolean): Invocation {
  const [first, ...rest] = words as [Arg, ...Arg[]];
  if (first.text === undefined) throw new Unclear(`the name of a command is computed: ${first.raw}`);
  const unseen = computed ? [{ raw: '(from standard input)', text: undefined }] : [];
  return { ...command, name: posix.basename(first.text), args: [...rest, ...unseen] };
}

function shellScript(command: Invocation, place: Place): Invocation[] {
  const { args, name } = command;
  const flag = args.findIndex((arg) => /^-[a-z]*c[a-z]*$/.test(arg.text ?? ''));
  const source = flag >= 0 ? args[flag + 1] : undefined;
  if (flag >= 0) return parsed(command, source?.text, source?.raw ?? `${name} -c`, place);
  const operand = args.find((arg) => !/^[-+]/.test(arg.text ?? 'x'));
  if (operand !== undefined && !args.some((arg) => arg.text === '-s')) {
    if (operand.text === undefined) throw new Unclear(`the script that ${name} runs is computed: ${operand.raw}`);
    return [];
  }
  if (command.stdin !== undefined) return parsed(command, command.stdin ?? undefined, 'its standard input', place);
  if (command.upstream.length > 0) throw new Unclear(`${name} takes commands from a pipe`);
  if (command.redirects.some(({ operator }) => operator.startsWith('<')))
    throw new Unclear(`${name} takes commands from a redirection`);
  return [];
}

function evaluated(command: Invocation, place: Place): Invocation[] {
  const words = command.name === 'trap' ? command.args.slice(0, 1) : command.args;
  const unknown = words.find((arg) => arg.text === undefined);
  return parsed(command, unknown ? undefined : words.map((arg) => arg.text).join(' '), unknown?.raw ?? '', place);
}

function parsed(command: Invocation, source: string | undefined, raw: string, place: Place): Invocation[] {
  if (source === undefined) throw new Unclear(`what ${command.name} would run is computed: ${raw}`);
  return invocations(source, place).map((inner) => ({
    ...inner,
    folders: [...new Set([...command.folders, ...inner.folders])],
    upstream: [...command.upstream, ...inner.upstream],
  }));
}

const FIND_ACTION = /^(-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch)$/;

/** `{}` stands for what is found below the roots, so each root takes its place. */
function findActions(command: Invocation): Invocation[] {
  const { args } = command;
  const option = args.findIndex((arg) => /^[-(!]/.test(arg.text ?? ''));
  const given = args.slice(0, option < 0 ? args.length : option);
  const roots = given.length > 0 ? given : [{ raw: '.', text: '.' }];
  const found: Invocation[] = [];
  args.forEach((arg, at) => {
    if (!FIND_ACTION.test(arg.text ?? '')) return;
    const rest = args.slice(at + 1);
    const end = rest.findIndex((word) => word.text === ';' || word.text === '+' || word.text === '\\;');
    const words = rest.slice(0, end < 0 ? rest.length : end);
    const filled = words.flatMap((word) => (word.raw === '{}' ? roots.map(below) : [word]));
    if (filled.length > 0) found.push(renamed(command, filled, false));
  });
  if (args.some((arg) => arg.text === '-delete'))
    found.push({ ...command, name: 'rm', args: [{ raw: '-r', text: '-r' }, ...roots.map(below)] });
  return found;
}

function below(root: Arg): Arg {
  return { raw: root.raw, text: root.text === undefined ? undefined : posix.join(root.text, '*') };
}
