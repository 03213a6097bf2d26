/**
 * Why a bundle, or what it is held against, is not taken: `BundleInvalid` is not a Sigstore bundle with one signed envelope,
 * `SignatureInvalid` does not verify, `TrustUnreadable` means that nothing can be verified at all, `SigningFailed` that a
 * service which signs refused or did not answer.
 */
export type AttestErrorCode = 'BundleInvalid' | 'SignatureInvalid' | 'TrustUnreadable' | 'SigningFailed';

/** A refusal, in one sentence for a person. */
export class AttestError extends Error {
  readonly code: AttestErrorCode;

  constructor(code: AttestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AttestError';
    this.code = code;
  }
}
