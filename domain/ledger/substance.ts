/** What a merged change is made of, as far as the ledger asks. Lines are counted without those that differ in white space alone. */
export interface ChangedLines {
  readonly path: string;
  readonly lines: number;
  /** A binary, whose lines cannot be counted. */
  readonly binary: boolean;
}

/**
 * `empty`: nothing but white space. `generated`: no file that anybody writes. `inverse`: it takes another merged change back, which git does by itself.
 * None of them says anything of who made it.
 */
export type Substance = 'empty' | 'generated' | 'inverse' | 'written';

const GENERATED: readonly RegExp[] = [
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|Gemfile\.lock|composer\.lock)$/,
  /(^|\/)(poetry\.lock|uv\.lock|Pipfile\.lock|Podfile\.lock|Package\.resolved|packages\.lock\.json|go\.sum|flake\.lock|mix\.lock)$/,
  /(^|\/)(dist|build|out|vendor|node_modules|Pods|__snapshots__|generated)\//,
  /\.(min\.(js|css)|map|snap|pb\.go|g\.cs|g\.dart|designer\.cs)$/i,
  /[._](gen|generated)\.[a-z0-9]+$/i,
  /_pb2(_grpc)?\.py$/,
];

/** Whether a path is one that a program writes: it proves nothing of whoever ran it. */
export function isGenerated(path: string): boolean {
  return GENERATED.some((pattern) => pattern.test(path));
}

/** What files amount to; whether they are the inverse of others is not seen in them. */
export function substanceOf(files: readonly ChangedLines[]): Substance {
  const changed = files.filter(({ lines, binary }) => binary || lines > 0);
  if (changed.length === 0) return 'empty';
  return changed.every(({ path }) => isGenerated(path)) ? 'generated' : 'written';
}
