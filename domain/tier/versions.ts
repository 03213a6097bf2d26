/** Where a version ends: no further digit, no letter of a unit; what is behind a dash or a plus belongs to it, and the pre-releases of Python. */
const END = String.raw`(?!\.?[\dx*])(?:[-+][\w.+-]+|(?:a|b|rc|alpha|beta|dev|post)\d+)?(?![\w%µ])`;
const BEGIN = String.raw`(?<![\w.])`;
/** A version wherever it stands: no quantity has a v, three parts or an x. Four parts are an address as well. */
const CERTAIN = new RegExp(String.raw`${BEGIN}(?:v\d+(?:\.[\dx*]+){1,2}|\d+(?:\.[\dx*]+){2}|\d+\.[x*])${END}`, 'gi');
const UNIT = String.raw`(?! (?:[kmgtpe]i?b?|[mun]?s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?|months?|y|years?|cores?|cpus?|bytes?)\b)`;
/** Two parts: a version or a quantity, which only what stands around it tells. */
const TWO = String.raw`${BEGIN}v?\d+\.[\dx*]+${END}${UNIT}`;

/** A key that a version follows, and its value. */
const KEYED =
  /(?<![a-z0-9])(?:(?:new|image|release|git|docker|chart|target|source|base)?[-_]?(?:tag|rev|revision|ref)["']?\s*[:=]|(?:[\w.-]{0,64}(?<!con))?version(?:["']?\s*[:=>]|\s))\s*(?:"[^"]*|'[^']*|[^,{}"'<]*)/gi;
const TWO_PARTS = new RegExp(TWO, 'gi');
/** What a tag follows: a name, without a space. */
const TAGGED = new RegExp(String.raw`(?<=[\w-][:@])${TWO}`, 'gi');
/** A line whose name is that of an image, an action or the like. */
const NAMED = /^\s*(?:-\s+)?["']?(?:[\w.-]{0,64}image|uses)["']?\s*:|\w\/[\w.-]{1,255}[:@]/i;
/** An operator of ranges; in prose of programs and alerts it compares quantities. */
const COMPARED = new RegExp(String.raw`(?<=(?:[=~!<>]=|~>|[\^~<]|[\s"'(,[]>)\s{0,2}["']?)${TWO}`, 'gi');
const QUOTED = new RegExp(`(?<=["'])${TWO}(?=["'])`, 'gi');

/**
 * A line without the versions that it pins, each replaced by the same sign. Two parts are one only where a key, an operator or a name says so; in a manifest, where any
 * key has a number, only after a key for versions or the name of an image.
 */
export function withoutVersions(line: string, manifest: boolean): string {
  const said = line.replace(CERTAIN, '#').replace(KEYED, (value) => value.replace(TWO_PARTS, '#'));
  if (manifest) return NAMED.test(said) ? said.replace(TAGGED, '#') : said;
  return said.replace(TAGGED, '#').replace(COMPARED, '#').replace(QUOTED, '#');
}
