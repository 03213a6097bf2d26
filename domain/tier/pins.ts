import { lines } from './change.ts';
import { withoutVersions } from './versions.ts';

/** A digest of an image. */
const DIGEST = /(?:@|\bdigest\s*:\s*["']?)sha256:[0-9a-f]{64}(?![0-9a-z])/gi;
/** Four parts, where only a version can stand: what follows a key for it. */
const LONG_VERSION = /^(\s*(?:-\s+)?(?:tag|newTag|version)\s*:\s*["']?)v?\d+(?:\.\d+){3}(?![\w.])(?:[-+][\w.+-]+)?/;
/** A line that pins: a quoted or compared version, an attribute, or YAML's `version:`. */
const PIN = /["'=~^:<>@\s]v?\d+(?:\.[\dx*]+)+/;
/** Lines in which a number is no version, or says where something is taken from. */
const ELSEWHERE =
  /git\+|git@|\bfile:|\blink:|\bworkspace:|\bpath\s*=|\bbranch\s*[:=]|\bgit\s*=|\bindex|threshold|coverage|--cov|fail[-_]?(?:under|over|on)|\b(?:min|max)(?:imum)?[-_]|\blimit|timeout|tolerance/i;
/** Keys of quantities, however they are written. */
const QUANTITIES =
  'min max minimum maximum score cpu cpus mem memory size storage capacity quota retention ratio objective percent percentage percentile quantile weight rate factor interval duration ttl delay period replicas scale level'.split(
    ' ',
  );
const QUANTITY = new RegExp(
  `(?:(?<![A-Za-z])(?:${QUANTITIES.join('|')})|${QUANTITIES.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('|')}|(?<![A-Z])(?:${QUANTITIES.join('|').toUpperCase()}))["']?\\s*[:=>]`,
);
const HOST = /[a-z][a-z0-9+.-]{0,30}:\/\/([^\s/"']*)/gi;
/** Nothing that pins a version is longer; in characters. */
const LONGEST = 1_000;

/**
 * Whether two texts have the same lines at the same places, but for versions and digests that some of them pin: no line moves, none comes or goes, and none names another
 * host. Addresses, limits, thresholds, sizes and times are no versions. `manifest`: it is YAML, JSON or a template of these, where any key has a number.
 */
export function pinsOnly(before: string, after: string, manifest = false): boolean {
  const [old, now] = [lines(before), lines(after)];
  if (old.length !== now.length) return false;
  let differing = 0;
  for (const [at, line] of old.entries()) {
    const next = now[at]!;
    if (line === next) continue;
    differing += 1;
    if (!isPin(line) || !isPin(next) || hosts(line) !== hosts(next)) return false;
    if (masked(line, manifest) !== masked(next, manifest)) return false;
  }
  return differing > 0;
}

function isPin(line: string): boolean {
  return (
    line.length <= LONGEST &&
    (PIN.test(line) || line.search(DIGEST) >= 0) &&
    !ELSEWHERE.test(line) &&
    !QUANTITY.test(line)
  );
}

function masked(line: string, manifest: boolean): string {
  return withoutVersions(line.replace(DIGEST, '@#').replace(LONG_VERSION, '$1#'), manifest);
}

function hosts(line: string): string {
  return [...line.matchAll(HOST)].map(([, host]) => host!.toLowerCase()).join(' ');
}
