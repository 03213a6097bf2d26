import { type FileContent, lines } from './change.ts';

const LOCKS =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|deno\.lock|pipfile\.lock|poetry\.lock|uv\.lock|pdm\.lock|requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt|packages\.lock\.json|package\.resolved|podfile\.lock|cartfile\.resolved|gemfile\.lock)$/i;
const NPM_LOCK = /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/i;
const YARN_LOCK = /(?:^|\/)yarn\.lock$/i;

/** Where the package managers take packages from when nobody says otherwise. */
const USUAL = new Set([
  'https://registry.npmjs.org',
  'https://registry.yarnpkg.com',
  'https://pypi.org',
  'https://files.pythonhosted.org',
  'https://api.nuget.org',
  'https://rubygems.org',
]);
/** Of these every package has its own folder, by its name. */
const NPM = new Set(['https://registry.npmjs.org', 'https://registry.yarnpkg.com']);

/** Files that pin what is installed, and from where. */
export function isLock(path: string): boolean {
  return LOCKS.test(path);
}

/**
 * Places that a lock file newly takes packages from: another host, another repository of a host, anything that is no `https` address, and of the registries of npm
 * the folder of another package than the one that is locked.
 */
export function newPlaces(path: string, { before, after }: FileContent): string[] {
  const known = new Set(placesIn(path, before));
  return [...new Set(placesIn(path, after))].filter((place) => !known.has(place)).sort();
}

function placesIn(path: string, text: string | null): string[] {
  const strangers = NPM_LOCK.test(path) ? inNpmLock(text) : YARN_LOCK.test(path) ? inYarnLock(text) : [];
  return [...lines(text).flatMap(placesOfLine), ...strangers];
}

/** A scheme and what follows it, with as many slashes as there are; and addresses as ssh writes them. */
const ADDRESS = /[a-z][a-z0-9+.-]{0,30}:[/\\]+[^\s"'`<>,;)\]}]*|[\w.-]{1,64}@[\w-][\w.-]{0,252}:(?!\d)[\w./~-]+/gi;
/** What is on this machine, or is named by a shorthand of a host. */
const SHORTHAND =
  /(?:^|[\s"'@:=])((?:git|ssh|file|link|portal|exec|github|gitlab|bitbucket|gist)(?:\+[a-z]+)?:[^\s"'/\\][^\s"']*)/gi;
/** Nothing in a lock file that says where from is longer; in characters. */
const LONGEST = 16_384;

function placesOfLine(line: string): string[] {
  if (!line.includes(':')) return [];
  if (line.length > LONGEST) return ['a line that is too long'];
  const addresses = [...line.matchAll(ADDRESS)].flatMap(([address]) => placeOf(address) ?? []);
  return [...addresses, ...[...line.matchAll(SHORTHAND)].map(([, shorthand]) => shorthand!.toLowerCase())];
}

/** Where an address leads, without what names one version; null for the usual places. */
function placeOf(address: string): string | null {
  const [, origin, rest] =
    /^(?:git\+)?(https:\/\/(?:[^/\\@]*@)?[a-z0-9.-]+(?::\d+)?)((?:\/[^?#]*)?)/i.exec(address) ?? [];
  if (origin === undefined || address.includes('\\')) return address.toLowerCase();
  const host = origin.toLowerCase();
  if (USUAL.has(host)) return null;
  const parts = rest!.split('/').filter((part) => part !== '');
  // A repository is two names on most hosts, and what follows names what is taken from it.
  const place = parts.slice(0, 2).map((part) => part.replace(/(?:\.git)?(?:@.*)?$/i, ''));
  return [host, ...place].join('/').toLowerCase();
}

/** Packages of package-lock.json that are another package's at the registry. */
function inNpmLock(text: string | null): string[] {
  const lock = jsonOf(text);
  if (lock === null) return text === null ? [] : ['a lock that cannot be read'];
  const packages = Object.entries(record(lock.packages)).map(
    ([key, one]) => [String(record(one).name ?? key.slice(key.lastIndexOf('node_modules/') + 13)), key, one] as const,
  );
  const nested = dependenciesOf(record(lock.dependencies), 0);
  return [...packages, ...nested].flatMap(([name, key, one]) => {
    const { resolved } = record(one);
    const isAlias = packages.length > 0 && record(one).name !== undefined && !key.endsWith(`node_modules/${name}`);
    if (isAlias && key.includes('node_modules/')) return [`${key} as ${name}`];
    return typeof resolved === 'string' && !isOwnFolder(name, resolved) ? [`${name} from ${folderOf(resolved)}`] : [];
  });
}

const DEEPEST = 32;

function dependenciesOf(
  dependencies: Record<string, unknown>,
  depth: number,
): (readonly [name: string, key: string, one: unknown])[] {
  if (depth > DEEPEST) return [];
  return Object.entries(dependencies).flatMap(([name, one]) => [
    [name, name, one] as const,
    ...dependenciesOf(record(record(one).dependencies), depth + 1),
  ]);
}

/** Packages of yarn.lock that are another package's at the registry, by the line that each block begins with. */
function inYarnLock(text: string | null): string[] {
  let names: string[] = [];
  return lines(text).flatMap((line) => {
    if (/^["\w@]/.test(line)) names = line.replace(/:\s*$/, '').split(',').map(nameOf);
    const [, resolved, resolution] = /^\s+(?:resolved "?([^"\s#]+)|resolution: "?([^"\s]+))/.exec(line) ?? [];
    if (resolved !== undefined && !names.some((name) => isOwnFolder(name, resolved)))
      return [`${names[0]} from ${folderOf(resolved)}`];
    if (resolution === undefined || names.includes(nameOf(resolution))) return [];
    return [`${names[0]} as ${nameOf(resolution)}`];
  });
}

/** `@scope/name@npm:^1` is of `@scope/name`. */
function nameOf(descriptor: string): string {
  const plain = descriptor.trim().replace(/^"|"$/g, '');
  const at = plain.indexOf('@', 1);
  return at < 0 ? plain : plain.slice(0, at);
}

/** Whether an address of a registry of npm is in the folder of that package; what is elsewhere is told by its place. */
function isOwnFolder(name: string, address: string): boolean {
  const [, host, path] = /^(https:\/\/[^/]+)\/(.*)$/i.exec(address) ?? [];
  if (host === undefined || !NPM.has(host.toLowerCase())) return true;
  const plain = path!.replace(/%2f/gi, '/').replace(/%40/g, '@');
  return plain.startsWith(`${name}/-/`) && !plain.slice(name.length + 3).includes('/');
}

function folderOf(address: string): string {
  return address.replace(/\/-\/.*$/, '').replace(/^https:\/\//, '');
}

function jsonOf(text: string | null): Record<string, unknown> | null {
  try {
    const value: unknown = text === null ? null : JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
