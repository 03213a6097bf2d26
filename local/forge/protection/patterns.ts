/**
 * Whether a ruleset's conditions select a full ref name: included and not excluded. `~ALL` and `~DEFAULT_BRANCH` as on GitHub; else
 * patterns of fnmatch with FNM_PATHNAME: `*` and `?` stay inside a segment, `**` followed by a slash crosses them.
 */
export function selects(
  conditions: { readonly include: readonly string[]; readonly exclude: readonly string[] },
  ref: string,
  defaultBranch: string,
): boolean {
  const fits = (pattern: string) => {
    if (pattern === '~ALL') return true;
    if (pattern === '~DEFAULT_BRANCH') return ref === `refs/heads/${defaultBranch}`;
    return matches(pattern, ref);
  };
  return conditions.include.some(fits) && !conditions.exclude.some(fits);
}

/** fnmatch with FNM_PATHNAME. A pattern is a person's text: what it holds besides wildcards means itself. */
export function matches(pattern: string, text: string): boolean {
  const tokens = pattern.match(/\*\*\/|\*+|\?|\[[^\]/]+\]|[^*?[]+|\[/g) ?? [];
  const source = tokens.map(translate).join('');
  return new RegExp(`^${source}$`).test(text);
}

function translate(token: string): string {
  if (token === '**/') return '(?:[^/]+/)*';
  if (token.startsWith('*')) return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.length > 1 && token.startsWith('[')) {
    const negated = token[1] === '!';
    const members = token.slice(negated ? 2 : 1, -1).replaceAll(/[\\^[\]]/g, '\\$&');
    // A range written backwards selects nothing; RegExp would refuse the whole pattern.
    return isRange(members) ? `(?!/)[${negated ? '^' : ''}${members}]` : '(?!)';
  }
  return token.replaceAll(/[.+^${}()|[\]\\/-]/g, '\\$&');
}

function isRange(members: string): boolean {
  return [...members.matchAll(/([^\\])-(.)/g)].every(([, from = '', to = '']) => from <= to) && members !== '';
}
