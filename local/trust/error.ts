/** Why a service of local trust refuses a request. */
export type TrustErrorCode = 'BadRequest' | 'BadToken' | 'BadProof' | 'BadEntry' | 'Unreadable';

/** A refusal, in one sentence for whoever called. */
export class TrustError extends Error {
  readonly code: TrustErrorCode;

  constructor(code: TrustErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TrustError';
    this.code = code;
  }
}
