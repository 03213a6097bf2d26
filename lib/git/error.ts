/** git did not do what it was asked. `output` is what it said, bounded and without credentials (they are never in arguments). */
export class GitError extends Error {
  override name = 'GitError';
  /** `Failed`: it ended with another code than 0, or was stopped for taking too long. `TooMuchOutput`: it said more than was allowed. */
  readonly code: 'Failed' | 'TooMuchOutput';
  /** Null where it was stopped. */
  readonly exitCode: number | null;
  readonly output: string;

  constructor(code: GitError['code'], args: readonly string[], exitCode: number | null, output: string) {
    super(`git ${args[0]} failed: ${output.trim().split('\n').at(-1) || `exit ${exitCode}`}`);
    this.code = code;
    this.exitCode = exitCode;
    this.output = output;
  }
}
