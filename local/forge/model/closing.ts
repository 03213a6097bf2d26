const KEYWORD = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:([\w.-]+\/[\w.-]+))?#(\d+)\b/gi;

/**
 * Numbers of the issues that a text closes by GitHub's keywords (`Closes #1`, `fixes owner/name#2`), each once, in order. References
 * to other repositories are left out; `repository` is this one's full name.
 */
export function closingNumbers(text: string, repository: string): number[] {
  const numbers = new Set<number>();
  for (const [, other, number] of text.matchAll(KEYWORD)) {
    if (other === undefined || other.toLowerCase() === repository.toLowerCase()) numbers.add(Number(number));
  }
  return [...numbers];
}
