/** GitHub's closing keywords in front of an issue reference: `#12`, `owner/name#12`, or the issue's URL. Case does not matter. */
const CLOSING =
  /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:(?<repo>[\w.-]+\/[\w.-]+)?#(?<number>\d+)|https?:\/\/[^\s/]+\/(?<urlRepo>[\w.-]+\/[\w.-]+)\/issues\/(?<urlNumber>\d+))/gi;
/** What GitHub Actions and other runners take as "do not run", and the trailer form. */
const SKIP = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip|skip-ci)\]|^skip-checks:\s*true$/im;

export interface ClosingReference {
  /** `owner/name` where the text names one; null means the repository itself. */
  readonly repository: string | null;
  readonly number: number;
}

/** Every issue that this text would close on merge, in order. */
export function closingReferences(text: string): ClosingReference[] {
  return [...text.matchAll(CLOSING)].map(({ groups }) => ({
    repository: groups?.repo ?? groups?.urlRepo ?? null,
    number: Number(groups?.number ?? groups?.urlNumber),
  }));
}

/** Whether this text tells a CI system not to run. */
export function skipsChecks(text: string): boolean {
  return SKIP.test(text);
}
