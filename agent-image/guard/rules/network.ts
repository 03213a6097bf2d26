import type { Rule } from '../judge.ts';

const FETCHERS = new Set([
  'curl',
  'wget',
  'fetch',
  'aria2c',
  'http',
  'https',
  'xh',
  'nc',
  'ncat',
  'netcat',
  'socat',
  'ftp',
  'lynx',
  'links',
]);
const REMOTE = new Set([
  'ssh',
  'scp',
  'sftp',
  'rsync',
  'telnet',
  'rsh',
  'mosh',
  'ftp',
  'nc',
  'ncat',
  'netcat',
  'socat',
]);
const INTERPRETER =
  /^(sh|bash|dash|zsh|ksh|ash|fish|python\d?(\.\d+)?|node|nodejs|deno|bun|perl|ruby|php|lua|pwsh|source|\.|eval)$/;

/** Nothing from the network is run unread, and nothing opens a session to another machine. */
export const network: Rule = ({ name, args, upstream, within, redirects }) => {
  if (REMOTE.has(name)) return `${name} is refused: a task opens no session to another machine.`;
  if (!INTERPRETER.test(name)) return undefined;
  if (within.some((inner) => FETCHERS.has(inner)))
    return `${name} of what the network answers is refused: it would run text nobody has read.`;
  const script = args.find(({ text }) => text === undefined || /^-[cem]/.test(text) || !text.startsWith('-'));
  if (script === undefined && upstream.some((before) => FETCHERS.has(before)))
    return `The network piped into ${name} is refused: it would run text nobody has read.`;
  if (redirects.some(({ target }) => (target.text ?? '').startsWith('/dev/tcp/')))
    return `${name} on a network socket is refused.`;
  return undefined;
};
