import { GlobError } from './error.ts';
import { compileSegment } from './segment.ts';

export type Segment = '**' | ((name: string) => boolean);

/** What a glob without braces asks of a path: the frequent shapes by what can be looked up. */
export type Shape =
  | { readonly is: 'exact'; readonly path: string }
  /** `**` + `/name`. */
  | { readonly is: 'name'; readonly name: string }
  /** `**` + `/*.ext`. */
  | { readonly is: 'ending'; readonly suffix: string }
  /** `folder/**`; the folder ends in a slash. */
  | { readonly is: 'folder'; readonly folder: string }
  /** `**` + `/folder/**`. */
  | { readonly is: 'within'; readonly folder: string }
  /** `folder/**` + `/*.ext`. */
  | { readonly is: 'below'; readonly folder: string; readonly suffix: string }
  /** `ending`: that of every path that it matches, with its dot; empty for none, null for any. */
  | { readonly is: 'other'; readonly segments: readonly Segment[]; readonly ending: string | null };

const PLAIN = '[^*?[\\]{}\\\\/]+';
const NAMED = new RegExp(`^\\*\\*/(${PLAIN})$`);
const ENDING = new RegExp(`^\\*\\*/\\*(\\.${PLAIN})$`);
const FOLDER = new RegExp(`^((?:${PLAIN}/)+)\\*\\*$`);
const WITHIN = new RegExp(`^\\*\\*/(${PLAIN})/\\*\\*$`);
const BELOW = new RegExp(`^((?:${PLAIN}/)+)\\*\\*/\\*(\\.${PLAIN})$`);
const EXACT = new RegExp(`^${PLAIN}(?:/${PLAIN})*$`);

/** The shape of a glob whose braces are written out; `written` is what a person wrote, for {@link GlobError}. */
export function shapeOf(pattern: string, written: string): Shape {
  requirePath(pattern, written);
  if (EXACT.test(pattern)) return { is: 'exact', path: pattern };
  const of = (regexp: RegExp) => regexp.exec(pattern);
  const [named, ending, folder, within, below] = [of(NAMED), of(ENDING), of(FOLDER), of(WITHIN), of(BELOW)];
  if (named !== null) return { is: 'name', name: named[1]! };
  if (ending !== null) return { is: 'ending', suffix: ending[1]! };
  if (folder !== null) return { is: 'folder', folder: folder[1]! };
  if (within !== null) return { is: 'within', folder: within[1]! };
  if (below !== null) return { is: 'below', folder: below[1]!, suffix: below[2]! };
  const parts = pattern.split('/');
  const segments = parts.map((segment) => (segment === '**' ? ('**' as const) : compileSegment(segment)));
  return { is: 'other', segments, ending: endingOfSegment(parts.at(-1)!) };
}

/** What follows the last dot of a name, with the dot; empty where there is none. */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

function endingOfSegment(segment: string): string | null {
  const literal = /[^*?[\]\\]*$/.exec(segment)![0];
  if (literal.includes('.')) return endingOf(literal);
  return literal === segment ? '' : null;
}

function requirePath(pattern: string, written: string): void {
  const segments = pattern.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw new GlobError(
      'BadPattern',
      `${written} has an empty segment, or . or ..; write it from the root of the repository, as src/**.`,
    );
  if (segments.some((segment) => segment !== '**' && segment.includes('**')))
    throw new GlobError('BadPattern', `${written} has ** beside other characters; it stands between slashes alone.`);
}
