import { destructive } from './rules/destructive.ts';
import { git } from './rules/git.ts';
import { network } from './rules/network.ts';
import { privilege } from './rules/privilege.ts';
import { secrets } from './rules/secrets.ts';
import { type Invocation, invocations, Unclear } from './script.ts';
import { unwrapped } from './unwrap.ts';
import type { Place } from './words.ts';

export type { Place } from './words.ts';

/** `rule` names the family that refused, `reason` is one sentence for the model and the log. */
export type GuardVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly rule: string; readonly reason: string };

/** A rule answers why it refuses a command, or undefined. */
export type Rule = (command: Invocation, place: Place) => string | undefined;

const RULES: Readonly<Record<string, Rule>> = { privilege, destructive, git, network, secrets };
const MAX_LENGTH = 65_536;

/**
 * Judges a shell command by its grammar before it runs. It is a seat belt against accidents and plain malice, not the wall: what a
 * program started by the command does is not seen. What cannot be understood is refused; there is no override.
 */
export function judge(source: string, place: Place): GuardVerdict {
  try {
    if (source.length > MAX_LENGTH) throw new Unclear(`it is longer than ${MAX_LENGTH} characters`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they hide what a command does from its reader
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(source)) throw new Unclear('it holds control characters');
    for (const command of invocations(source, place).flatMap((each) => unwrapped(each, place))) {
      for (const [rule, refuses] of Object.entries(RULES)) {
        const reason = refuses(command, place);
        if (reason !== undefined) return { allowed: false, rule, reason };
      }
    }
    return { allowed: true };
  } catch (error) {
    if (error instanceof Unclear)
      return { allowed: false, rule: 'unclear', reason: `The command is refused because ${error.message}.` };
    throw error;
  }
}
