/** A set-up that cannot go on; the message is one sentence for a person and is shown as it is. */
export class SetupError extends Error {
  name = 'SetupError';
}
