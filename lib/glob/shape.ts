import { GlobError } from './error.ts';
import { compileSegment, type NamePattern } from './segment.ts';

/** One folder of a path: `**` for any number of them, its name, or what its name has to be. */
export type Segment = '**' | { readonly literal: string } | ((name: string) => boolean);

/** What a glob asks of a name: nothing, all of it, its end, or more. */
export type NameShape =
  | { readonly is: 'any' }
  | { readonly is: 'literal'; readonly name: string }
  | { readonly is: 'suffix'; readonly suffix: string }
  | ({ readonly is: 'pattern' } & NamePattern);

/** What a glob without braces asks of a path. */
export interface Shape {
  /** Of its folders, from the root. */
  readonly folder: readonly Segment[];
  readonly name: NameShape;
}

const LITERAL = /^[^*?[\]{}\\]+$/;
const SUFFIX = /^\*(\.[^*?[\]{}\\]+)$/;

/** The shape of a glob whose braces are written out; `written` is what a person wrote, for {@link GlobError}. */
export function shapeOf(pattern: string, written: string): Shape {
  requirePath(pattern, written);
  const parts = pattern.split('/');
  const final = parts.at(-1)!;
  // A last ** takes at least the name, and any number of folders before it.
  if (final === '**') return { folder: parts.map(segmentOf), name: { is: 'any' } };
  return { folder: parts.slice(0, -1).map(segmentOf), name: nameShapeOf(final) };
}

function segmentOf(part: string): Segment {
  if (part === '**') return part;
  return LITERAL.test(part) ? { literal: part } : compileSegment(part).matches;
}

function nameShapeOf(part: string): NameShape {
  if (LITERAL.test(part)) return { is: 'literal', name: part };
  const suffix = SUFFIX.exec(part)?.[1];
  return suffix === undefined ? { is: 'pattern', ...compileSegment(part) } : { is: 'suffix', suffix };
}

/** What follows the last dot of a name, with the dot; empty where there is none. */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
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
