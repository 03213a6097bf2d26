/** What is wrong with a document that was to be approved. */
export type ApprovalErrorCode = 'BadText' | 'BadNumber' | 'BadValue' | 'MissingPart' | 'Unreadable';

/** A document that nobody can sign, because two readers could take it for different ones. */
export class ApprovalError extends Error {
  readonly code: ApprovalErrorCode;

  constructor(code: ApprovalErrorCode, message: string) {
    super(message);
    this.name = 'ApprovalError';
    this.code = code;
  }
}
