import { closingReferences, skipsChecks } from '#domain';

const TRAILER = /^[^\S\n]*Rig-[A-Za-z]+:/im;
/** `Co-authored-by`, `Signed-off-by` and their like; a forge shows whom they name as one who stands for the change. */
const SPEAKS_FOR = /^[^\S\n]*(?:(?:[A-Za-z]+-)+by|on-behalf-of)[^\S\n]*:/im;

/**
 * Why a title or message must not go out; undefined where it is fine. What closes issues or skips checks is the conductor's to
 * write, and is found as the merge gate finds it: what leaves here it does not refuse later.
 */
export function forbiddenWords(text: string): string | undefined {
  if (closingReferences(text).length > 0)
    return 'it closes an issue by a keyword; the pull request does that by itself';
  if (skipsChecks(text)) return 'it asks to skip checks';
  if (TRAILER.test(text)) return 'it holds a Rig- trailer, which only the runtime writes';
  if (SPEAKS_FOR.test(text)) return 'it speaks for somebody by a trailer, such as Co-authored-by or Signed-off-by';
  return undefined;
}
