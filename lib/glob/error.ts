/** A glob that was not understood; the message says what is wrong with it. */
export class GlobError extends Error {
  override name = 'GlobError';
  readonly code: 'UnpairedBrace' | 'TooManyAlternatives' | 'BadClass' | 'BadPattern';

  constructor(code: GlobError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
