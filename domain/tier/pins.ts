import { lines } from './change.ts';

/** A version of two or three parts, and what follows it; four are an address as well, and a digit before it makes it another number. */
const VERSION = /(?<![\w.])v?\d+(?:\.[\dx*]+){1,2}(?!\.?[\dx*])(?:[-+][\w.+-]+)?/g;
/** A digest of an image. */
const DIGEST = /(?:@|\bdigest\s*:\s*["']?)sha256:[0-9a-f]{64}(?![0-9a-z])/gi;
/** Four parts, where only a version can stand: what follows a key for it. */
const LONG_VERSION = /^(\s*(?:-\s+)?(?:tag|newTag|version)\s*:\s*["']?)v?\d+(?:\.\d+){3}(?![\w.])(?:[-+][\w.+-]+)?/;
/** A line that pins: a quoted or compared version, an attribute, or YAML's `version:`. */
const PIN = /["'=~^:<>@\s]v?\d+(?:\.[\dx*]+)+/;
/** Lines in which a number is no version, or says where something is taken from. */
const ELSEWHERE =
  /git\+|git@|\bfile:|\blink:|\bworkspace:|\bpath\s*=|\bbranch\s*[:=]|\bgit\s*=|\bindex|threshold|coverage|--cov|fail[-_]?under|\b(?:min|max)(?:imum)?[-_]|\blimit|timeout|tolerance/i;
const HOST = /[a-z][a-z0-9+.-]{0,30}:\/\/([^\s/"']*)/gi;
/** Nothing that pins a version is longer; in characters. */
const LONGEST = 1_000;

/**
 * Whether two texts have the same lines at the same places, but for versions and digests that some of them pin: no line moves, none comes or goes, and none names another
 * host. Addresses, limits and thresholds are no versions.
 */
export function pinsOnly(before: string, after: string): boolean {
  const [old, now] = [lines(before), lines(after)];
  if (old.length !== now.length) return false;
  let differing = 0;
  for (const [at, line] of old.entries()) {
    const next = now[at]!;
    if (line === next) continue;
    differing += 1;
    if (!isPin(line) || !isPin(next) || masked(line) !== masked(next) || hosts(line) !== hosts(next)) return false;
  }
  return differing > 0;
}

function isPin(line: string): boolean {
  return line.length <= LONGEST && (PIN.test(line) || line.search(DIGEST) >= 0) && !ELSEWHERE.test(line);
}

function masked(line: string): string {
  return line.replace(DIGEST, '@#').replace(LONG_VERSION, '$1#').replace(VERSION, '#');
}

function hosts(line: string): string {
  return [...line.matchAll(HOST)].map(([, host]) => host!.toLowerCase()).join(' ');
}
