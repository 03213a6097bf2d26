/** A ref that somebody set, as the forge tells. A pull request is one whose opener set it. */
export interface MovedRef {
  /** Null where the ref was made, or nobody told. */
  readonly before: string | null;
  /** Null where the ref was deleted. */
  readonly after: string | null;
}

/** What git says of the commits that a head brings in, and of where else they are. */
export interface Lineage {
  /** The head's own commits: those that its base does not have. */
  readonly own: ReadonlySet<string>;
  /** Every other commit that leads to one of them, as far as git was asked, with its parents. */
  readonly builtOn: ReadonlyMap<string, readonly string[]>;
  /** Commits that git was asked for and does not have. */
  readonly gone: ReadonlySet<string>;
}

/**
 * Whether a move brought one of the head's own commits to a ref that did not have it, however deep below what was pushed last. Where git does not have
 * what was pushed it is taken for granted: nobody knows what was in it.
 */
export function isBrought({ before, after }: MovedRef, lineage: Lineage): boolean {
  if (after === null) return false;
  if (lineage.gone.has(after)) return true;
  const had = before === null ? new Set<string>() : ownBelow(before, lineage);
  return [...ownBelow(after, lineage)].some((one) => !had.has(one));
}

/** The newest of the head's own commits on each way down from a commit. */
function ownBelow(commit: string, { own, builtOn }: Lineage): Set<string> {
  const found = new Set<string>();
  const seen = new Set([commit]);
  // A set that grows while it is walked is walked to its end.
  for (const one of seen) {
    if (own.has(one)) found.add(one);
    else for (const parent of builtOn.get(one) ?? []) seen.add(parent);
  }
  return found;
}
