const CLOSES = /\b(close[sd]?|fix(e[sd])?|resolve[sd]?)\s*:?\s+([\w.-]+\/[\w.-]+)?#\d+/i;
const SKIPS = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|\bskip-checks:\s*true/i;
const TRAILER = /^Rig-[A-Za-z]+:/im;

/** Why a title or message must not go out: what closes issues or skips checks is the conductor's to write. Undefined where it is fine. */
export function forbiddenWords(text: string): string | undefined {
  if (CLOSES.test(text)) return 'it closes an issue by a keyword; the pull request does that by itself';
  if (SKIPS.test(text)) return 'it asks to skip checks';
  if (TRAILER.test(text)) return 'it holds a Rig- trailer, which only the runtime writes';
  return undefined;
}
