export type ControlPlaneErrorCode = 'PortInUse' | 'NotReady' | 'Exited' | 'Aborted' | 'Pki' | 'Api';

/** Why the control plane did not start or answer; the message is a sentence for the person who started it. */
export class ControlPlaneError extends Error {
  readonly code: ControlPlaneErrorCode;

  constructor(code: ControlPlaneErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ControlPlaneError';
    this.code = code;
  }
}
