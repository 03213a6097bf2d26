/** A closing keyword as GitHub documents them, not as the end of another word. Markdown emphasis around it hides nothing. */
const KEYWORD = String.raw`(?<![\p{L}\p{N}])(?<keyword>close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?<gap>[*_~]*(?::\s*|\s+)[*_~]*)`;
/** An issue reference: `#12`, `GH-12`, `owner/name#12`, or the address. */
const REFERENCE = String.raw`(?:(?<repo>[\w.-]+\/[\w.-]+)?#(?<number>\d+)|GH-(?<plain>\d+)|https?:\/\/[^\s/]+\/(?<urlRepo>[\w.-]+\/[\w.-]+)\/issues\/(?<urlNumber>\d+))`;

/** A closing keyword with its reference. Case does not matter. */
export const CLOSING: RegExp = new RegExp(KEYWORD + REFERENCE, 'giu');
/** A closing keyword in front of whatever may be read as a reference, the reference left out of the match. */
export const CLOSING_KEYWORD: RegExp = new RegExp(
  `${KEYWORD}(?=(?:[\\w.-]+\\/[\\w.-]+)?#\\d|GH-\\d|https?:\\/\\/)`,
  'giu',
);
/** Whatever runs on a push and can be told not to: GitHub Actions, and the services that have a word of their own. */
const RUNNER = String.raw`ci|actions|azp|azurepipelines|travis(?:[\s_-]ci)?|circleci|appveyor|buildkite|netlify|vercel|render`;
const SKIPPED = String.raw`(?:skip|no)[\s_-]+(?:${RUNNER})|(?:${RUNNER}|cf[\s_-]pages)[\s_-]+skip`;
/** What they take as "do not run": in brackets, Azure's form in stars, and the trailer. */
export const SKIP_MARKER: RegExp = new RegExp(
  String.raw`\[\s*(${SKIPPED})\s*\]|\*{3}\s*(NO_CI)\s*\*{3}|^([^\S\n]*skip-checks)[^\S\n]*:[^\S\n]*(?=true\b)`,
  'gim',
);

export interface ClosingReference {
  /** `owner/name` where the text names one; null means the repository itself. */
  readonly repository: string | null;
  readonly number: number;
}

/** Every issue that this text would close on merge, in order. */
export function closingReferences(text: string): ClosingReference[] {
  return [...text.matchAll(CLOSING)].map(({ groups }) => ({
    repository: groups?.repo ?? groups?.urlRepo ?? null,
    number: Number(groups?.number ?? groups?.plain ?? groups?.urlNumber),
  }));
}

/** Whether this text tells a CI system not to run. */
export function skipsChecks(text: string): boolean {
  return text.search(SKIP_MARKER) >= 0;
}
