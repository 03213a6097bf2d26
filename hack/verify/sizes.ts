import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';

/** Lines a file may have at most. */
export const LONGEST_FILE = 400;

export interface Sizes {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
  /** What is longest, as `path` or `path:line`. */
  readonly longest: string;
}

export interface SizeReport {
  readonly files: Sizes;
  readonly functions: Sizes;
  readonly tooLong: readonly string[];
}

interface Sized {
  readonly what: string;
  readonly lines: number;
}

/** Lengths of files and of functions, in lines, tests left out: a test reads as a list. */
export function measureSizes(root: string, paths: readonly string[]): SizeReport {
  const files: Sized[] = [];
  const functions: Sized[] = [];
  for (const what of paths) {
    const text = readFileSync(join(root, what), 'utf8');
    files.push({ what, lines: text.split('\n').length - 1 });
    functions.push(...functionsOf(what, text));
  }
  const tooLong = files.filter(({ lines }) => lines > LONGEST_FILE).map(({ what }) => what);
  return { files: summarise(files), functions: summarise(functions), tooLong };
}

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
]);

function functionsOf(what: string, text: string): Sized[] {
  const bytes = Buffer.from(text);
  const program = parseSync(text, { syntax: 'typescript', target: 'es2022' });
  // Positions are bytes, and go on from one parse of this process to the next.
  const base = program.span.start;
  const lineAt = (position: number) =>
    bytes
      .subarray(0, position - base)
      .toString()
      .split('\n').length;
  const found: Sized[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, span } = node as { type?: string; span?: { start: number; end: number } };
    if (type !== undefined && span !== undefined && FUNCTIONS.has(type)) {
      const first = lineAt(span.start);
      found.push({ what: `${what}:${first}`, lines: lineAt(span.end) - first + 1 });
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(program.body);
  return found;
}

function summarise(items: readonly Sized[]): Sizes {
  const sorted = [...items].sort((a, b) => a.lines - b.lines);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.lines ?? 0;
  const last = sorted.at(-1);
  return { count: sorted.length, median: at(0.5), p90: at(0.9), max: last?.lines ?? 0, longest: last?.what ?? '' };
}
