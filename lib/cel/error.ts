/** An expression that is not taken; the message says what is wrong with it. */
export class CelError extends Error {
  override name = 'CelError';
  readonly code:
    | 'TooLong'
    | 'TooDeep'
    | 'Syntax'
    | 'UnknownName'
    | 'UnknownFunction'
    | 'BadPattern'
    | 'BadRange'
    | 'Failed';

  constructor(code: CelError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
