import type { Content } from './content.ts';

const LOCKS =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|deno\.lock|pipfile\.lock|poetry\.lock|uv\.lock|pdm\.lock|requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt|packages\.lock\.json|package\.resolved|podfile\.lock|cartfile\.resolved|gemfile\.lock)$/i;

/** Where the package managers take packages from when nobody says otherwise. */
const USUAL = new Set([
  'registry.npmjs.org',
  'registry.yarnpkg.com',
  'pypi.org',
  'files.pythonhosted.org',
  'api.nuget.org',
  'rubygems.org',
]);

/** Files that pin what is installed, and from where. */
export function isLock(path: string): boolean {
  return LOCKS.test(path);
}

/** Hosts that a lock file newly names, the usual ones aside. */
export function strangeHosts(content: Content): string[] {
  return content.newHosts.filter((host) => !USUAL.has(host));
}
